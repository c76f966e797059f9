// Guests, as a host meets them: sockets that listen, packets, and what must come back.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { PACKET_BYTES = 464, CHANNELS_PER_VM = 4, FIRST_CPU = 16, TARGETS_MAX = 4 };

// One program under test: where its guests' sockets and its cpu tree are.
struct target {
  const char *name;
  char directory[100];
  char tree[200];
  int channels;
  int per_domain;           // how many channels share a frequency domain
  int pid;                  // 0 while unknown
  int *listeners, *sockets; // of each channel
  int *speeds;              // of each frequency domain: scaling_setspeed, open for reading
  uint32_t *units;          // what each channel asked last
  uint64_t *sent_ns;
  int poll;
};

struct sample {
  uint64_t requests, elapsed_ns, cpu_ns, writes;
  uint32_t *latency_ns;
  uint64_t latencies, latencies_max;
};

void die(const char *format, ...);
uint64_t now_ns(void);
uint64_t cpu_ns(int pid);       // of a process with all its threads
uint64_t write_calls(int pid);  // write(2) and its like, so far

void listen_all(struct target *target);
void accept_all(struct target *target, int timeout_ms);
void open_speeds(struct target *target);

// Sends the next request of a channel: MIN and MAX in turn.
void ask(struct target *target, int channel);
// Reads a whole reply, makes sure that it is the ACK of what was asked, and where a channel has a
// frequency domain to itself that it is written. Returns the round trip in ns.
uint64_t take_answer(struct target *target, int channel);
// Makes sure that each frequency domain has what its channels' last requests come to.
void check_speeds(struct target *target);

extern bool refused_wanted; // ask for others' vCPUs: each answer must be a NACK

void add_latency(struct sample *sample, uint64_t ns);
void print_sample(const char *name, int round, struct sample *sample);
