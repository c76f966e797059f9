/*
 * packets INTERFACE MAC RATE - sends RATE small frames a second to MAC until it is ended.
 *
 * They go into the host's end of a VM's tap, so that the VM receives them. Their protocol is the
 * one that is set aside for experiments, which nobody answers. Where the interface takes no more,
 * a frame is lost, as on a wire.
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define ETHERTYPE_EXPERIMENT 0x88b5
#define PAYLOAD_BYTES 46
#define NS_PER_S 1000000000L

int main(int argc, char **argv)
{
	long rate = argc == 4 ? atol(argv[3]) : 0;
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHERTYPE_EXPERIMENT),
		.sll_halen = ETH_ALEN,
		.sll_ifindex = argc == 4 ? if_nametoindex(argv[1]) : 0,
	};
	unsigned char *mac = to.sll_addr, payload[PAYLOAD_BYTES] = { 0 };
	/* Datagrams: the kernel writes the Ethernet header, with this end's own address in it. */
	int out = socket(AF_PACKET, SOCK_DGRAM, 0);	/* protocol 0: it receives nothing */
	struct timespec next;

	if (out < 0 || rate <= 0 || to.sll_ifindex == 0 || sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx",
			mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) != ETH_ALEN) {
		perror("usage: packets INTERFACE MAC RATE");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		sendto(out, payload, sizeof(payload), MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
		next.tv_nsec += NS_PER_S / rate;
		if (next.tv_nsec >= NS_PER_S) {
			next.tv_nsec -= NS_PER_S;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}
