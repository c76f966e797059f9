/*
 * fakeguest DIR VM CHANNELS - the socket side of a VM that is not there.
 *
 * Listens on DIR/VM.0, DIR/VM.1 ... as QEMU does, accepts one daemon on each, and sends it the
 * packets of a DPDK guest (layout: DPDK's rte_power_guest_channel.h). For the cpufreq machine,
 * where a VM within the VM would be too slow. Reads one command a line from stdin and answers each
 * with one line:
 *
 *   VERB CHANNEL   VERB: up down max min turbo noturbo freq freqs cap caps. Answer: "ack", "nack",
 *                  "freqs N KHZ...", "caps N TURBO...", or "silence" when nothing came in 5 s
 *   connect CHANNEL   what the library sends when it opens the port; answer: "sent"
 *   wait CHANNEL      until a daemon is connected; answer: "connected" or "silence"
 *   hangup CHANNEL    closes the connection, as the end of a VM does; answer: "closed"
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHANNELS_MAX 16
#define PATIENCE_MS 5000

enum { CPU_POWER = 1, CONNECT = 2, QUERY_FREQ_LIST = 7, QUERY_FREQ, QUERY_CAPS_LIST, QUERY_CAPS };
enum { ACK = 1, NACK = 2 };

/* A request, and its ACK or NACK: 464 bytes, of which these tests use the first 16. */
struct packet {
	uint64_t resource_id;
	uint32_t unit;
	uint32_t command;
	uint8_t rest[448];
};

struct freq_list {
	uint8_t head[48];
	uint32_t khz[8];
	uint8_t vcpus;
	uint8_t pad[7];
};

struct caps_list {
	uint8_t head[48];
	uint64_t turbo[8];
	uint64_t priority[8];
	uint8_t vcpus;
	uint8_t pad[7];
};

_Static_assert(sizeof(struct packet) == 464, "request");
_Static_assert(sizeof(struct freq_list) == 88, "freq list");
_Static_assert(sizeof(struct caps_list) == 184, "caps list");

static int listener[CHANNELS_MAX];
static int peer[CHANNELS_MAX];

static const struct {
	const char *verb;
	uint32_t command, unit;
	size_t answer;
} verbs[] = {
	{ "up", CPU_POWER, 1, sizeof(struct packet) },
	{ "down", CPU_POWER, 2, sizeof(struct packet) },
	{ "max", CPU_POWER, 3, sizeof(struct packet) },
	{ "min", CPU_POWER, 4, sizeof(struct packet) },
	{ "turbo", CPU_POWER, 5, sizeof(struct packet) },
	{ "noturbo", CPU_POWER, 6, sizeof(struct packet) },
	{ "connect", CONNECT, 0, 0 },
	{ "freqs", QUERY_FREQ_LIST, 0, sizeof(struct freq_list) },
	{ "freq", QUERY_FREQ, 0, sizeof(struct freq_list) },
	{ "caps", QUERY_CAPS_LIST, 0, sizeof(struct caps_list) },
	{ "cap", QUERY_CAPS, 0, sizeof(struct caps_list) },
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_on(const char *dir, const char *vm, int channel)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t used = snprintf(name.sun_path, sizeof(name.sun_path), "%s/%s.%d", dir, vm, channel);

	if (used >= sizeof(name.sun_path)) {
		fprintf(stderr, "fakeguest: path too long\n");
		exit(2);
	}
	unlink(name.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 1) < 0)
		die(name.sun_path);
	return fd;
}

/* True if fd becomes readable in time. */
static int readable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, PATIENCE_MS) == 1;
}

static int connected(int channel)
{
	if (peer[channel] < 0 && readable(listener[channel]))
		peer[channel] = accept(listener[channel], NULL, NULL);
	return peer[channel] >= 0;
}

/* Reads a whole answer; 0 if it did not come, came short, or the daemon hung up. */
static int receive(int channel, uint8_t *answer, size_t size)
{
	size_t used = 0;

	while (used < size && readable(peer[channel])) {
		ssize_t got = read(peer[channel], answer + used, size - used);

		if (got <= 0) {
			close(peer[channel]);
			peer[channel] = -1;
			return 0;
		}
		used += got;
	}
	return used == size;
}

static void print(const uint8_t *answer, size_t size)
{
	struct packet head;
	struct freq_list freqs;
	struct caps_list caps;

	memcpy(&head, answer, offsetof(struct packet, rest));
	if (head.command == NACK) {
		printf("nack\n");
	} else if (size == sizeof(freqs)) {
		memcpy(&freqs, answer, size);
		printf("freqs %u", freqs.vcpus);
		for (int i = 0; i < 8; i++)
			printf(" %u", freqs.khz[i]);
		printf("\n");
	} else if (size == sizeof(caps)) {
		memcpy(&caps, answer, size);
		printf("caps %u", caps.vcpus);
		for (int i = 0; i < 8; i++)
			printf(" %u", (unsigned int)caps.turbo[i]);
		printf("\n");
	} else {
		printf(head.command == ACK ? "ack\n" : "unknown %u\n", head.command);
	}
}

static void ask(size_t verb, int channel)
{
	struct packet request = { .resource_id = channel, .unit = verbs[verb].unit,
		.command = verbs[verb].command };
	uint8_t answer[sizeof(struct packet)];

	/* A daemon that left is noticed at the next send; its successor is waiting to be accepted. */
	for (int tries = 0; tries < 2 && connected(channel); tries++) {
		if (send(peer[channel], &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request)) {
			close(peer[channel]);
			peer[channel] = -1;
			continue;
		}
		if (verbs[verb].answer == 0)
			printf("sent\n");
		else if (receive(channel, answer, verbs[verb].answer))
			print(answer, verbs[verb].answer);
		else
			printf("silence\n");
		return;
	}
	printf("silence\n");
}

static void obey(const char *verb, int channel)
{
	if (!strcmp(verb, "wait")) {
		printf(connected(channel) ? "connected\n" : "silence\n");
		return;
	}
	if (!strcmp(verb, "hangup")) {
		if (peer[channel] >= 0)
			close(peer[channel]);
		peer[channel] = -1;
		printf("closed\n");
		return;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verb, verbs[i].verb)) {
			ask(i, channel);
			return;
		}
	printf("unknown verb %s\n", verb);
}

int main(int argc, char **argv)
{
	char line[64], verb[16];
	int channels = argc == 4 ? atoi(argv[3]) : 0, channel;

	if (channels < 1 || channels > CHANNELS_MAX) {
		fprintf(stderr, "usage: fakeguest DIR VM CHANNELS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < channels; i++) {
		listener[i] = listen_on(argv[1], argv[2], i);
		peer[i] = -1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%15s %d", verb, &channel) == 2 && channel >= 0 && channel < channels)
			obey(verb, channel);
		else
			printf("not VERB CHANNEL: %s", line);
	}
	return 0;
}
