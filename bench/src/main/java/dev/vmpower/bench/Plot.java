package dev.vmpower.bench;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;

/** One curve on a logarithmic axis, as a PNG: how a cost grows with a number. */
final class Plot {
  private static final int WIDTH = 640;
  private static final int HEIGHT = 360;
  private static final int LEFT = 70;
  private static final int RIGHT = 20;
  private static final int TOP = 40;
  private static final int BOTTOM = 50;
  private static final int LINES = 4;

  /** One measured point. */
  record Point(int x, double y) {}

  private Plot() {}

  /** Draws {@code points}, whose x grow, into {@code file}. */
  static void write(Path file, String title, String xLabel, List<Point> points) throws IOException {
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = image.createGraphics();
    pen.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    pen.setColor(Color.WHITE);
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    double highest = points.stream().mapToDouble(Point::y).max().orElse(1) * 1.1;
    pen.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    pen.setColor(Color.BLACK);
    pen.drawString(title, LEFT, 24);
    pen.drawString(xLabel, LEFT, HEIGHT - 10);
    for (int i = 0; i <= LINES; i++) {
      double value = highest * i / LINES;
      int y = y(value, highest);
      pen.setColor(new Color(0xdddddd));
      pen.drawLine(LEFT, y, WIDTH - RIGHT, y);
      pen.setColor(Color.DARK_GRAY);
      pen.drawString(String.format(Locale.ROOT, "%.1f", value), 12, y + 5);
    }
    draw(pen, points, highest);
    pen.dispose();
    ImageIO.write(image, "png", file.toFile());
  }

  private static void draw(Graphics2D pen, List<Point> points, double highest) {
    double least = Math.log(points.getFirst().x());
    double most = Math.log(points.getLast().x());
    int beforeX = -1;
    int beforeY = -1;
    pen.setStroke(new BasicStroke(2));
    for (Point point : points) {
      double part = most > least ? (Math.log(point.x()) - least) / (most - least) : 0;
      int x = LEFT + (int) Math.round(part * (WIDTH - LEFT - RIGHT));
      int y = y(point.y(), highest);
      pen.setColor(new Color(0x1f5fa8));
      if (beforeX >= 0) {
        pen.drawLine(beforeX, beforeY, x, y);
      }
      pen.fillOval(x - 4, y - 4, 8, 8);
      pen.setColor(Color.DARK_GRAY);
      pen.drawString("" + point.x(), Math.min(x - 6, WIDTH - RIGHT - 30), HEIGHT - BOTTOM + 18);
      beforeX = x;
      beforeY = y;
    }
  }

  private static int y(double value, double highest) {
    return HEIGHT - BOTTOM - (int) Math.round(value / highest * (HEIGHT - TOP - BOTTOM));
  }
}
