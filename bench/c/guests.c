#include "guests.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { UNIT_MAX = 3, UNIT_MIN = 4, CPU_POWER = 1, ACK = 1, NACK = 2 };
enum { COMMAND_OFFSET = 12, SEQUENCE_OFFSET = 48, ANSWER_TIMEOUT_MS = 10000 };
#ifndef FAST_KHZ
#define FAST_KHZ "2401000" // the lab's machine has another
#endif
static const char FAST[] = FAST_KHZ, SLOW[] = "1200000";
bool refused_wanted;

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  exit(1);
}

uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t cpu_ns(int pid) {
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
    die("no CPU time of pid %d", pid);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t write_calls(int pid) {
  char path[64], line[128];
  unsigned long long calls = 0;
  snprintf(path, sizeof path, "/proc/%d/io", pid);
  FILE *file = fopen(path, "r");
  if (!file) die("%s: %s", path, strerror(errno));
  while (fgets(line, sizeof line, file)) sscanf(line, "syscw: %llu", &calls);
  fclose(file);
  return calls;
}

static void *zeroed(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (!memory) die("out of memory");
  return memory;
}

static void socket_path(struct sockaddr_un *address, const char *directory, int channel) {
  int length = snprintf(address->sun_path, sizeof address->sun_path, "%s/vm%d.%d", directory,
                        channel / CHANNELS_PER_VM, channel % CHANNELS_PER_VM);
  if (length >= (int)sizeof address->sun_path) die("%s: too long", directory);
}

void listen_all(struct target *target) {
  size_t channels = (size_t)target->channels;
  target->listeners = zeroed(channels, sizeof(int));
  target->sockets = zeroed(channels, sizeof(int));
  target->units = zeroed(channels, sizeof(uint32_t));
  target->sent_ns = zeroed(channels, sizeof(uint64_t));
  mkdir(target->directory, 0700);
  for (int i = 0; i < target->channels; i++) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socket_path(&address, target->directory, i);
    unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0)
      die("%s: %s", address.sun_path, strerror(errno));
    target->listeners[i] = fd;
  }
}

static void await(int fd, int timeout_ms, const char *what) {
  struct pollfd wanted = {.fd = fd, .events = POLLIN};
  if (poll(&wanted, 1, timeout_ms) != 1) die("%s: nothing within %d ms", what, timeout_ms);
}

void accept_all(struct target *target, int timeout_ms) {
  target->poll = epoll_create1(0);
  for (int i = 0; i < target->channels; i++) {
    await(target->listeners[i], timeout_ms, target->name);
    int fd = accept(target->listeners[i], NULL, NULL);
    if (fd < 0) die("accept: %s", strerror(errno));
    target->sockets[i] = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (unsigned)i};
    if (epoll_ctl(target->poll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
  }
}

void open_speeds(struct target *target) {
  int domains = (target->channels + target->per_domain - 1) / target->per_domain;
  target->speeds = zeroed((size_t)domains, sizeof(int));
  for (int i = 0; i < domains; i++) {
    char path[300];
    snprintf(path, sizeof path, "%s/cpu%d/cpufreq/scaling_setspeed", target->tree,
             FIRST_CPU + i * target->per_domain);
    target->speeds[i] = open(path, O_RDONLY);
    if (target->speeds[i] < 0) die("%s: %s", path, strerror(errno));
  }
}

static void write_request(struct target *target, int channel, char *packet) {
  uint64_t vcpu = refused_wanted ? 60000 : (uint64_t)(channel % CHANNELS_PER_VM);
  uint32_t command = CPU_POWER;
  memset(packet, 0, PACKET_BYTES);
  memcpy(packet, &vcpu, 8);
  memcpy(packet + 8, &target->units[channel], 4);
  memcpy(packet + COMMAND_OFFSET, &command, 4);
  // An unused field, so that no two requests are alike: each answer is that of its own.
  memcpy(packet + SEQUENCE_OFFSET, &target->sent_ns[channel], 8);
}

void ask(struct target *target, int channel) {
  char packet[PACKET_BYTES];
  target->units[channel] = target->units[channel] == UNIT_MIN ? UNIT_MAX : UNIT_MIN;
  target->sent_ns[channel] = now_ns();
  write_request(target, channel, packet);
  if (write(target->sockets[channel], packet, PACKET_BYTES) != PACKET_BYTES)
    die("%s channel %d took no request: %s", target->name, channel, strerror(errno));
}

static void check_speed(struct target *target, int domain, bool fast) {
  char found[8] = "";
  if (pread(target->speeds[domain], found, 7, 0) != 7 || memcmp(found, fast ? FAST : SLOW, 7) != 0)
    die("%s: frequency domain %d has '%s', not %s", target->name, domain, found,
        fast ? FAST : SLOW);
}

uint64_t take_answer(struct target *target, int channel) {
  char wanted[PACKET_BYTES], got[PACKET_BYTES];
  int fd = target->sockets[channel], bytes = 0;
  while (bytes < PACKET_BYTES) {
    long taken = read(fd, got + bytes, (size_t)(PACKET_BYTES - bytes));
    if (taken <= 0) die("%s channel %d hung up", target->name, channel);
    bytes += (int)taken;
  }
  uint64_t took_ns = now_ns() - target->sent_ns[channel];
  uint32_t answer = refused_wanted ? NACK : ACK;
  write_request(target, channel, wanted);
  memcpy(wanted + COMMAND_OFFSET, &answer, 4);
  if (memcmp(wanted, got, PACKET_BYTES) != 0)
    die("%s channel %d: a wrong answer", target->name, channel);
  if (target->per_domain == 1 && !refused_wanted)
    check_speed(target, channel, target->units[channel] == UNIT_MAX);
  return took_ns;
}

void check_speeds(struct target *target) {
  // A floor writes what came last; it settles nothing between those who share a clock.
  if (target->per_domain > 1 && strcmp(target->name, "vmpower") != 0) return;
  for (int i = 0; i < target->channels && !refused_wanted; i += target->per_domain) {
    bool fast = false, known = true;
    for (int j = i; j < i + target->per_domain && j < target->channels; j++)
      fast |= target->units[j] == UNIT_MAX, known &= target->units[j] != 0;
    if (known) check_speed(target, i / target->per_domain, fast);
  }
}

void add_latency(struct sample *sample, uint64_t ns) {
  if (sample->latencies == sample->latencies_max) {
    sample->latencies_max = sample->latencies_max ? 2 * sample->latencies_max : 65536;
    sample->latency_ns =
        realloc(sample->latency_ns, sample->latencies_max * sizeof *sample->latency_ns);
    if (!sample->latency_ns) die("out of memory");
  }
  sample->latency_ns[sample->latencies++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static int by_size(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

void print_sample(const char *name, int round, struct sample *sample) {
  qsort(sample->latency_ns, sample->latencies, sizeof(uint32_t), by_size);
  uint64_t n = sample->latencies;
  printf("target=%s round=%d requests=%llu elapsed_ns=%llu cpu_ns=%llu writes=%llu", name, round,
         (unsigned long long)sample->requests, (unsigned long long)sample->elapsed_ns,
         (unsigned long long)sample->cpu_ns, (unsigned long long)sample->writes);
  if (n > 0)
    printf(" p50_ns=%u p90_ns=%u p99_ns=%u max_ns=%u", sample->latency_ns[n / 2],
           sample->latency_ns[n * 9 / 10], sample->latency_ns[n * 99 / 100],
           sample->latency_ns[n - 1]);
  printf("\n");
  fflush(stdout);
  free(sample->latency_ns);
}
