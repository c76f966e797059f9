/*
 * forwarder EAL-OPTIONS... -- COST - a DPDK application of the usual kind: it scales by itself.
 *
 * What comes in at its one port it sends back where it came from, after COST microseconds of work
 * on each packet. It runs until SIGTERM, knows nothing of hosts and VMs, and asks for frequencies
 * through rte_power alone, whose environment it leaves to be found out. lcore 1 forwards, by
 * l3fwd-power's rules:
 *
 *   up     when more than three bursts wait, the highest frequency at once; when fewer wait than
 *          that, but more than one burst, a step up after some time of it
 *   down   ten times a second: a step if it slept a quarter of the time, or if it found less than
 *          a burst each time that it looked
 *   sleep  after a look that found nothing: shortly, and longer after hundreds in a row
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_power.h>
#include <rte_ring.h>

#define PORT 0
#define FORWARDING_LCORE 1
#define BUFFERS 1023
#define BURST 32
#define QUEUE_LENGTH 128	/* a power of two; it holds one less */
#define SHORT_SLEEP_US 1
#define LONG_SLEEP_US 300
#define LONG_SLEEP_AFTER_LOOKS 300
#define SCALE_DOWN_PER_S 10
#define STEP_UP_AT 10000
#define STEP_UP_PER_LOOK 1	/* with more than one burst waiting */
#define STEP_UP_PER_FULL_LOOK 100	/* with more than two */

static volatile sig_atomic_t ended;
static unsigned int cost_us;
/* The driver's own queue lies in the kernel and tells no length. */
static struct rte_ring *queue;

/* Since the frequency was last scaled down. */
static struct {
	uint64_t begin, slept, looks, packets;
} lately;

static struct {
	uint64_t packets, ups, downs;
} totals;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

/* Moves what the port has into the queue; returns how much waits there. */
static unsigned int fill_queue(void)
{
	struct rte_mbuf *packets[BURST];
	unsigned int room, got;

	do {
		room = rte_ring_free_count(queue);
		got = rte_eth_rx_burst(PORT, 0, packets, RTE_MIN(room, (unsigned int)BURST));
		rte_ring_enqueue_bulk(queue, (void **)packets, got, NULL);
	} while (got > 0);
	return rte_ring_count(queue);
}

static void scale_up(unsigned int waiting)
{
	static unsigned int trend;

	if (waiting > 3 * BURST) {
		trend = 0;
		rte_power_freq_max(FORWARDING_LCORE);
		totals.ups++;
		return;
	}
	if (waiting > BURST)
		trend += waiting > 2 * BURST ? STEP_UP_PER_FULL_LOOK : STEP_UP_PER_LOOK;
	if (trend > STEP_UP_AT) {
		trend = 0;
		rte_power_freq_up(FORWARDING_LCORE);
		totals.ups++;
	}
}

static void scale_down(void)
{
	uint64_t now = rte_get_timer_cycles(), time = now - lately.begin;

	if (time < rte_get_timer_hz() / SCALE_DOWN_PER_S)
		return;
	if (lately.slept >= time / 4 || lately.packets < lately.looks * BURST) {
		rte_power_freq_down(FORWARDING_LCORE);
		totals.downs++;
	}
	lately.begin = now;
	lately.slept = lately.looks = lately.packets = 0;
}

static void forward(struct rte_mbuf **packets, unsigned int count)
{
	struct rte_ether_hdr *header;
	struct rte_ether_addr to;
	unsigned int sent;

	for (unsigned int i = 0; i < count; i++) {
		rte_delay_us_block(cost_us);
		header = rte_pktmbuf_mtod(packets[i], struct rte_ether_hdr *);
		to = header->src_addr;
		header->src_addr = header->dst_addr;
		header->dst_addr = to;
	}
	sent = rte_eth_tx_burst(PORT, 0, packets, count);
	rte_pktmbuf_free_bulk(packets + sent, count - sent);
	lately.packets += count;
	totals.packets += count;
}

static void sleep_after(unsigned int empty_looks)
{
	uint64_t begin = rte_get_timer_cycles();

	usleep(empty_looks < LONG_SLEEP_AFTER_LOOKS ? SHORT_SLEEP_US : LONG_SLEEP_US);
	lately.slept += rte_get_timer_cycles() - begin;
}

static int forward_until_ended(void *unused)
{
	struct rte_mbuf *packets[BURST];
	unsigned int waiting, count, empty_looks = 0;

	(void)unused;
	lately.begin = rte_get_timer_cycles();
	while (!ended) {
		waiting = fill_queue();
		count = rte_ring_dequeue_burst(queue, (void **)packets, BURST, NULL);
		lately.looks++;
		if (count > 0) {
			empty_looks = 0;
			scale_up(waiting);
			forward(packets, count);
		} else {
			sleep_after(++empty_looks);
		}
		scale_down();
	}
	return 0;
}

static int start_port(void)
{
	struct rte_eth_conf conf = { 0 };
	struct rte_mempool *buffers = rte_pktmbuf_pool_create("buffers", BUFFERS, 0, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	queue = rte_ring_create("queue", QUEUE_LENGTH, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	return buffers == NULL || queue == NULL || rte_eth_dev_configure(PORT, 1, 1, &conf) != 0
		|| rte_eth_rx_queue_setup(PORT, 0, QUEUE_LENGTH, SOCKET_ID_ANY, NULL, buffers) != 0
		|| rte_eth_tx_queue_setup(PORT, 0, QUEUE_LENGTH, SOCKET_ID_ANY, NULL) != 0
		|| rte_eth_dev_start(PORT) != 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv);

	if (used < 0 || argc - used != 2) {
		fprintf(stderr, "usage: forwarder EAL-OPTIONS... -- COST\n");
		return 2;
	}
	cost_us = atoi(argv[used + 1]);
	if (rte_power_init(FORWARDING_LCORE) != 0) {
		fprintf(stderr, "forwarder: no power management\n");
		return 1;
	}
	if (start_port() != 0) {
		fprintf(stderr, "forwarder: port %d does not start\n", PORT);
		return 1;
	}
	signal(SIGTERM, end);
	rte_eal_remote_launch(forward_until_ended, NULL, FORWARDING_LCORE);
	rte_eal_mp_wait_lcore();
	printf("forwarder: %lu packets, %lu times up, %lu down\n", totals.packets, totals.ups,
		totals.downs);
	rte_eth_dev_stop(PORT);
	return rte_power_exit(FORWARDING_LCORE) == 0 ? 0 : 1;
}
