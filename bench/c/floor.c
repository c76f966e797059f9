// The floor: the least program that does the work of a host. It reads a packet of 464 bytes after
// epoll, writes the frequency to a file that it keeps open, and writes the packet back.
//
// usage: floor DIRECTORY TREE CHANNELS CHANNELS_PER_FILE
// Connects to DIRECTORY/vm0.0 ... vm0.3, vm1.0 ... as a host does. Each CHANNELS_PER_FILE channels
// write one file, the first one's TREE/cpuN/cpufreq/scaling_setspeed.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PACKET_BYTES = 464, CHANNELS_PER_VM = 4, FIRST_CPU = 16, CHANNELS_MAX = 8192, UNIT_OFFSET = 8, UNIT_MAX = 3 };
#ifndef FAST_KHZ
#define FAST_KHZ "2401000" // the lab's machine has another
#endif
static const char FAST[] = FAST_KHZ "\n", SLOW[] = "1200000\n";

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int connect_to(const char *directory, int channel) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%.80s/vm%d.%d", directory,
           channel / CHANNELS_PER_VM, channel % CHANNELS_PER_VM);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die(address.sun_path);
  return fd;
}

static int open_speed(const char *tree, int cpu) {
  char path[4096];
  snprintf(path, sizeof path, "%s/cpu%d/cpufreq/scaling_setspeed", tree, cpu);
  int fd = open(path, O_RDWR);
  if (fd < 0) die(path);
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: floor DIRECTORY TREE CHANNELS CHANNELS_PER_FILE\n");
    return 2;
  }
  int channels = atoi(argv[3]), per_file = atoi(argv[4]);
  static int sockets[CHANNELS_MAX], files[CHANNELS_MAX];
  static struct epoll_event events[CHANNELS_MAX];
  int poll = epoll_create1(0);
  for (int i = 0; i < channels; i++) {
    files[i] = i % per_file == 0 ? open_speed(argv[2], FIRST_CPU + i) : files[i - 1];
    sockets[i] = connect_to(argv[1], i);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (unsigned)i};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i], &event) < 0) die("epoll_ctl");
  }
  fprintf(stderr, "ready\n");
  for (;;) {
    int ready = epoll_wait(poll, events, CHANNELS_MAX, -1);
    for (int e = 0; e < ready; e++) {
      int i = (int)events[e].data.u32;
      char packet[PACKET_BYTES];
      unsigned unit;
      if (read(sockets[i], packet, sizeof packet) != sizeof packet) return 0; // the other end went
      memcpy(&unit, packet + UNIT_OFFSET, sizeof unit);
      if (pwrite(files[i], unit == UNIT_MAX ? FAST : SLOW, 8, 0) != 8) die("pwrite");
      if (write(sockets[i], packet, sizeof packet) != sizeof packet) return 0;
    }
  }
}
