// The load generator: plays guests to one or more programs under test, in turn within one run, and
// prints one line for each round of each.
//
// usage: load KIND CHANNELS PER_DOMAIN MS NAME=DIRECTORY,TREE...
// KIND: paced      one request a millisecond on channel 0
//       saturated  each channel asks again as soon as it is answered
//       refused    the same for others' vCPUs, which are refused
//       polite     channel 0 asks every 10 ms
//       flooded    the same, while channel 4, of another VM, sends all it can and reads nothing
//       one-of-many  all ask twice, then channel 0 asks every ms
//       bursts     all channels ask at once, every 20 ms
//
// Listens on DIRECTORY/vm0.0 ... vm0.3, vm1.0 ... and prints "listening"; a line of pids on stdin, in the order of the
// targets, says that they have been started. Each further line on stdin begins one more
// measurement: "ROUNDS TARGETS KIND", of the first so many targets; the end of stdin ends it.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "guests.h"

enum { CONNECT_TIMEOUT_MS = 20000, EVENTS_MAX = 1024, STUCK_MS = 10000 };
static const uint64_t MS_NS = 1000000;

static void sleep_until(uint64_t due_ns) {
  struct timespec due = {.tv_sec = (time_t)(due_ns / 1000000000u),
                         .tv_nsec = (long)(due_ns % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) {
  }
}

static void paced(struct target *target, uint64_t end_ns, uint64_t period_ns, struct sample *to) {
  for (uint64_t due_ns = now_ns(); due_ns < end_ns; due_ns += period_ns) {
    sleep_until(due_ns);
    ask(target, 0);
    add_latency(to, take_answer(target, 0));
    to->requests++;
  }
}

static void closed_loop(struct target *target, uint64_t end_ns, struct sample *to) {
  while (now_ns() < end_ns) {
    ask(target, 0);
    add_latency(to, take_answer(target, 0));
    to->requests++;
  }
}

// Takes the answers of all channels that asked; while it may, each asks again at once.
static void take_answers(struct target *target, uint64_t end_ns, int waiting, struct sample *to) {
  static struct epoll_event events[EVENTS_MAX];
  while (waiting > 0) {
    int ready = epoll_wait(target->poll, events, EVENTS_MAX, STUCK_MS);
    if (ready <= 0) die("%s: %d requests were not answered", target->name, waiting);
    bool more = now_ns() < end_ns;
    for (int e = 0; e < ready; e++) {
      int channel = (int)events[e].data.u32;
      add_latency(to, take_answer(target, channel));
      to->requests++;
      if (more)
        ask(target, channel);
      else
        waiting--;
    }
  }
}

static void saturated(struct target *target, uint64_t end_ns, struct sample *to) {
  for (int i = 0; i < target->channels; i++) ask(target, i);
  take_answers(target, end_ns, target->channels, to);
}

static void bursts(struct target *target, uint64_t end_ns, struct sample *to) {
  for (uint64_t due_ns = now_ns(); due_ns < end_ns; due_ns += 20 * MS_NS) {
    sleep_until(due_ns);
    saturated(target, 0, to);
  }
}

struct flood {
  int socket;
  atomic_bool stop;
};

// Reads nothing: whoever answers it must not wait for it.
static void *flood(void *argument) {
  struct flood *flood = argument;
  char packets[PACKET_BYTES * 8] = {0};
  for (int i = 0; i < 8; i++) {
    packets[i * PACKET_BYTES + 8] = (char)(3 + i % 2); // SCALE_MAX and SCALE_MIN of vCPU 0
    packets[i * PACKET_BYTES + 12] = 1;                // CPU_POWER
  }
  static size_t at; // where the last flood ended, perhaps in mid-packet
  fcntl(flood->socket, F_SETFL, O_NONBLOCK);
  while (!flood->stop) {
    long sent = write(flood->socket, packets + at, sizeof packets - at);
    if (sent > 0) {
      at = (at + (size_t)sent) % sizeof packets;
    } else if (errno == EAGAIN) {
      struct pollfd room = {.fd = flood->socket, .events = POLLOUT};
      poll(&room, 1, 100);
    } else {
      die("the flooded host hung up: %s", strerror(errno));
    }
  }
  return NULL;
}

static void flooded(struct target *target, uint64_t end_ns, struct sample *to) {
  struct flood flooder = {.socket = target->sockets[CHANNELS_PER_VM]};
  pthread_t thread;
  if (pthread_create(&thread, NULL, flood, &flooder) != 0) die("no thread");
  paced(target, end_ns, 10 * MS_NS, to);
  flooder.stop = true;
  pthread_join(thread, NULL);
  target->units[CHANNELS_PER_VM] = 0; // where in a packet the flood ended, nobody knows
}

static void measure(const char *kind, struct target *target, int ms, struct sample *to) {
  uint64_t cpu = cpu_ns(target->pid), writes = write_calls(target->pid), begin_ns = now_ns();
  uint64_t end_ns = begin_ns + (uint64_t)ms * MS_NS;
  if (strcmp(kind, "paced") == 0)
    paced(target, end_ns, MS_NS, to);
  else if (strcmp(kind, "polite") == 0)
    paced(target, end_ns, 10 * MS_NS, to);
  else if (strcmp(kind, "flooded") == 0)
    flooded(target, end_ns, to);
  else if (strcmp(kind, "one-of-many") == 0) {
    struct sample unseen = {0};
    saturated(target, 0, &unseen);
    saturated(target, 0, &unseen); // MAX, and now MIN
    free(unseen.latency_ns);
    paced(target, now_ns() + (uint64_t)ms * MS_NS, MS_NS, to);
  } else if (strcmp(kind, "bursts") == 0)
    bursts(target, end_ns, to);
  else if (target->channels == 1)
    closed_loop(target, end_ns, to);
  else
    saturated(target, end_ns, to);
  to->elapsed_ns = now_ns() - begin_ns;
  to->cpu_ns = cpu_ns(target->pid) - cpu;
  to->writes = write_calls(target->pid) - writes;
  if (strcmp(kind, "flooded") != 0) check_speeds(target);
}

// NAME=DIRECTORY,TREE
static void parse(char *text, struct target *target) {
  char *directory = strchr(text, '='), *tree = strchr(text, ',');
  if (!directory || !tree) die("'%s' is not NAME=DIRECTORY,TREE", text);
  *directory++ = *tree++ = 0;
  target->name = text;
  snprintf(target->directory, sizeof target->directory, "%s", directory);
  snprintf(target->tree, sizeof target->tree, "%s", tree);
}

int main(int argc, char **argv) {
  static struct target targets[TARGETS_MAX];
  static char line[4096];
  int count = argc - 5;
  if (count < 1 || count > TARGETS_MAX)
    die("usage: load KIND CHANNELS PER_DOMAIN MS NAME=DIRECTORY,TREE...");
  const char *kind = argv[1];
  int ms = atoi(argv[4]);
  refused_wanted = strcmp(kind, "refused") == 0;
  for (int i = 0; i < count; i++) {
    targets[i].channels = atoi(argv[2]);
    targets[i].per_domain = atoi(argv[3]);
    parse(argv[5 + i], &targets[i]);
    listen_all(&targets[i]);
    open_speeds(&targets[i]);
  }
  printf("listening\n");
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin)) return 0;
  char *at = line;
  for (int i = 0; i < count; i++) {
    targets[i].pid = (int)strtol(at, &at, 10);
    accept_all(&targets[i], CONNECT_TIMEOUT_MS);
  }
  printf("connected\n");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    int rounds, some;
    char now[20];
    if (sscanf(line, "%d %d %19s", &rounds, &some, now) != 3 || some > count)
      die("no order: %s", line);
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < some; i++) {
        // Who comes first changes, so that neither always follows the other's noise.
        struct target *target = &targets[(i + round) % some];
        struct sample sample = {0};
        measure(now, target, ms, &sample);
        print_sample(target->name, round, &sample);
      }
    }
    printf("done\n");
    fflush(stdout);
  }
  return 0;
}
