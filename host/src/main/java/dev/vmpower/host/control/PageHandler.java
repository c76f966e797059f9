package dev.vmpower.host.control;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/**
 * What is to be had at the page's address: the page itself, and whatever the control socket shows.
 * Nothing can be changed there.
 *
 * <p>A loopback address keeps other hosts away, not the pages of other sites in a browser on this
 * one. Those cannot read answers, as nothing here allows them to; and a name of theirs that leads
 * here is refused by its {@code Host}.
 */
final class PageHandler extends Handler.Wrapper {
  private static final String API = "/v1/";
  private static final String METRICS = "/metrics";

  /** The page's files and their types; nothing else is looked for. */
  private static final Map<String, String> FILES =
      Map.of(
          "index.html", "text/html; charset=utf-8",
          "page.css", "text/css; charset=utf-8",
          "icon.svg", "image/svg+xml",
          "page.js", "text/javascript; charset=utf-8",
          "model.js", "text/javascript; charset=utf-8",
          "grid.js", "text/javascript; charset=utf-8",
          "charts.js", "text/javascript; charset=utf-8",
          "panels.js", "text/javascript; charset=utf-8",
          "colours.js", "text/javascript; charset=utf-8");

  private static final List<HttpField> HEADERS =
      List.of(
          new HttpField(
              "Content-Security-Policy",
              "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
                  + " connect-src 'self'; base-uri 'none'; form-action 'none';"
                  + " frame-ancestors 'none'"),
          new HttpField("Cross-Origin-Resource-Policy", "same-origin"),
          new HttpField("Referrer-Policy", "no-referrer"),
          new HttpField("X-Content-Type-Options", "nosniff"),
          new HttpField(HttpHeader.CACHE_CONTROL, "no-cache"));

  private final List<String> hosts;

  /**
   * Serves the page.
   *
   * @param http its address
   * @param control answers all that comes through the control socket, and questions from here
   */
  PageHandler(InetSocketAddress http, ControlHandler control) {
    super(control);
    hosts = List.of("localhost", "[::1]", http.getAddress().getHostAddress());
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    if (!(request.getConnectionMetaData().getConnector() instanceof ServerConnector)) {
      return super.handle(request, response, callback);
    }
    HEADERS.forEach(response.getHeaders()::put);
    try {
      answer(request, response, callback);
    } catch (RequestException refused) {
      ControlHandler.refuse(refused, response, callback);
    }
    return true;
  }

  private void answer(Request request, Response response, Callback callback) throws Exception {
    HttpURI uri = request.getHttpURI();
    if (uri.getHost() == null || !hosts.contains(uri.getHost())) {
      throw new RequestException(
          RequestException.FORBIDDEN, "this is not the host that was asked for: try localhost");
    }
    if (!request.getMethod().equals("GET")) {
      throw new RequestException(
          RequestException.METHOD_NOT_ALLOWED,
          "here one may look only: changes go through the control socket");
    }
    String path = uri.getPath();
    if (path.startsWith(API) || path.equals(METRICS)) {
      super.handle(request, response, callback);
      return;
    }
    String name = path.equals("/") ? "index.html" : path.substring(1);
    String type = FILES.get(name);
    if (type == null) {
      throw new RequestException(
          RequestException.NOT_FOUND, "there is no such page: / is one, and " + API + "status");
    }
    response.setStatus(ControlHandler.OK);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
    response.write(true, ByteBuffer.wrap(read(name)), callback);
  }

  private static byte[] read(String name) {
    try (InputStream file = PageHandler.class.getResourceAsStream("page/" + name)) {
      if (file == null) {
        throw new IllegalStateException(name + " is not in the jar");
      }
      return file.readAllBytes();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
