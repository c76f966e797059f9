/*
 * powerguest CONTROL - an ordinary DPDK application that the host leads step by step.
 *
 * It links the distribution's librte_power and calls nothing but its public API, so what the
 * host's daemon receives is what every DPDK guest sends. The parent process reads commands from
 * CONTROL, a virtio-serial port, and answers each with exactly one line: "ok KEY=VALUE ..." or
 * "error TEXT". After each boot it says "up" first. The application is a child process, for an
 * application's end is one of the things to test.
 *
 *   app             start the application: EAL, and the library in its mode for VMs
 *   forward COST    start another application in its place, forwarder.c, which asks by itself
 *   end, kill       let the application return from main; or end it by SIGKILL
 *   init L, exit L  rte_power_init and rte_power_exit of lcore L
 *   up|down|min|max|turbo|noturbo L   ask for a frequency; as in DPDK, reads no answer
 *   ack L           read the answer to that: a packet of 464 bytes
 *   freq|freqs|cap|caps L   query one vCPU or all of them, and read the answer
 *   policy L KIND [KEY=VALUE ...]   send a policy (time, traffic, workload, branch) by lcore L's
 *       channel; its answer is read by `ack`. Lists are joined by commas: vcpus, macs, the hours
 *       busy, quiet and mixed (by traffic). Numbers: average, max (packets per second), count (in
 *       place of the number of vcpus), load (0 high, 1 medium, 2 low), core (1 physical)
 *   remove L        end the policy, which has no answer
 *   drain L         read and forget whatever the port still holds
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_power.h>
#include <rte_power_guest_channel.h>
#include <rte_version.h>

#define LINE_MAX_BYTES 512
/* The library waits 10 ms for an answer; under emulation the host may need longer. */
#define RECEIVE_TRIES 300

/* ---- the application ------------------------------------------------------------------- */

/* Repeats the library's receive until an answer is there; returns the tries it took, or -1. */
static int receive(void *packet, size_t size, unsigned int lcore, int tries)
{
	memset(packet, 0xee, size);
	for (int i = 1; i <= tries; i++)
		if (rte_power_guest_channel_receive_msg(packet, size, lcore) == 0)
			return i;
	return -1;
}

static void ack(unsigned int lcore, char *answer)
{
	struct rte_power_channel_packet packet;
	int tries = receive(&packet, sizeof(packet), lcore, RECEIVE_TRIES);

	if (tries < 0)
		strcpy(answer, "error no answer");
	else
		snprintf(answer, LINE_MAX_BYTES, "ok bytes=%zu command=%u unit=%u resource=%lu tries=%d",
			sizeof(packet), packet.command, packet.unit, packet.resource_id, tries);
}

static int send_query(uint32_t command, unsigned int lcore)
{
	struct rte_power_channel_packet packet = { .command = command, .resource_id = lcore };

	return rte_power_guest_channel_send_msg(&packet, lcore);
}

static void query_freqs(uint32_t command, unsigned int lcore, char *answer)
{
	struct rte_power_channel_packet_freq_list list;
	int at, sent = send_query(command, lcore);

	if (sent != 0 || receive(&list, sizeof(list), lcore, RECEIVE_TRIES) < 0) {
		snprintf(answer, LINE_MAX_BYTES, "error no answer, sent=%d", sent);
		return;
	}
	at = snprintf(answer, LINE_MAX_BYTES, "ok bytes=%zu command=%u vcpus=%u khz=", sizeof(list),
		list.command, list.num_vcpu);
	for (int i = 0; i < RTE_POWER_MAX_VCPU_PER_VM; i++)
		at += snprintf(answer + at, LINE_MAX_BYTES - at, "%s%u", i ? "," : "",
			list.freq_list[i]);
}

static void query_caps(uint32_t command, unsigned int lcore, char *answer)
{
	struct rte_power_channel_packet_caps_list list;
	int at, sent = send_query(command, lcore);

	if (sent != 0 || receive(&list, sizeof(list), lcore, RECEIVE_TRIES) < 0) {
		snprintf(answer, LINE_MAX_BYTES, "error no answer, sent=%d", sent);
		return;
	}
	at = snprintf(answer, LINE_MAX_BYTES, "ok bytes=%zu command=%u vcpus=%u turbo=", sizeof(list),
		list.command, list.num_vcpu);
	for (int i = 0; i < RTE_POWER_MAX_VCPU_PER_VM; i++)
		at += snprintf(answer + at, LINE_MAX_BYTES - at, "%s%lu", i ? "," : "",
			list.turbo[i]);
}

/* Reads numbers joined by commas; returns how many. */
static int read_list(const char *text, int *list, int max)
{
	int count = 0;

	for (char *end; count < max && *text != '\0'; text = *end ? end + 1 : end)
		list[count++] = strtol(text, &end, 10);
	return count;
}

static void set_vcpus(struct rte_power_channel_packet *packet, const char *text)
{
	int vcpus[RTE_POWER_MAX_VCPU_PER_VM];

	packet->num_vcpu = read_list(text, vcpus, RTE_POWER_MAX_VCPU_PER_VM);
	for (int i = 0; i < packet->num_vcpu; i++)
		packet->vcpu_to_control[i] = vcpus[i];
}

/* As DPDK's guest CLI does, the address is the first six bytes of a word. */
static void set_macs(struct rte_power_channel_packet *packet, const char *text)
{
	struct rte_ether_addr mac;
	char one[RTE_ETHER_ADDR_FMT_SIZE];

	for (int used = 0; sscanf(text, "%17[^,]%n", one, &used) == 1; text += used + 1) {
		if (rte_ether_unformat_addr(one, &mac) == 0)
			memcpy(&packet->vfid[packet->nb_mac_to_monitor++], &mac, sizeof(mac));
		if (text[used] == '\0' || packet->nb_mac_to_monitor == RTE_POWER_MAX_VFS)
			return;
	}
}

/* Fills in one field; false if there is none of that name. */
static bool set_field(struct rte_power_channel_packet *packet, const char *key, const char *value)
{
	struct rte_power_timer_profile *hours = &packet->timer_policy;

	if (!strcmp(key, "vcpus")) set_vcpus(packet, value);
	else if (!strcmp(key, "count")) packet->num_vcpu = atoi(value);
	else if (!strcmp(key, "macs")) set_macs(packet, value);
	else if (!strcmp(key, "average")) packet->traffic_policy.avg_max_packet_thresh = atoi(value);
	else if (!strcmp(key, "max")) packet->traffic_policy.max_max_packet_thresh = atoi(value);
	else if (!strcmp(key, "busy")) read_list(value, hours->busy_hours, RTE_POWER_HOURS_PER_DAY);
	else if (!strcmp(key, "quiet")) read_list(value, hours->quiet_hours, RTE_POWER_HOURS_PER_DAY);
	else if (!strcmp(key, "mixed"))
		read_list(value, hours->hours_to_use_traffic_profile, RTE_POWER_HOURS_PER_DAY);
	else if (!strcmp(key, "load")) packet->workload = atoi(value);
	else if (!strcmp(key, "core")) packet->core_type = atoi(value);
	else return false;
	return true;
}

static bool set_kind(struct rte_power_channel_packet *packet, const char *kind)
{
	if (!strcmp(kind, "time")) packet->policy_to_use = RTE_POWER_POLICY_TIME;
	else if (!strcmp(kind, "traffic")) packet->policy_to_use = RTE_POWER_POLICY_TRAFFIC;
	else if (!strcmp(kind, "workload")) packet->policy_to_use = RTE_POWER_POLICY_WORKLOAD;
	else if (!strcmp(kind, "branch")) packet->policy_to_use = RTE_POWER_POLICY_BRANCH_RATIO;
	else return false;
	return true;
}

static void send_policy(unsigned int lcore, char *words, char *answer)
{
	/* Who it says that it is is what DPDK's guest CLI says. */
	struct rte_power_channel_packet packet = {
		.command = RTE_POWER_PKT_POLICY,
		.vm_name = "ubuntu2",
	};
	char *rest, *value, *word = strtok_r(words, " ", &rest);
	bool good = word != NULL && set_kind(&packet, word);

	while (good && (word = strtok_r(NULL, " ", &rest)) != NULL) {
		value = strchr(word, '=');
		good = value != NULL;
		if (good) {
			*value++ = '\0';
			good = set_field(&packet, word, value);
		}
	}
	if (!good)
		snprintf(answer, LINE_MAX_BYTES, "error no such policy, at %.99s", word ? word : "end");
	else
		snprintf(answer, LINE_MAX_BYTES, "ok ret=%d",
			rte_power_guest_channel_send_msg(&packet, lcore));
}

static void remove_policy(unsigned int lcore, char *answer)
{
	struct rte_power_channel_packet packet = { .command = RTE_POWER_PKT_POLICY_REMOVE };

	snprintf(answer, LINE_MAX_BYTES, "ok ret=%d",
		rte_power_guest_channel_send_msg(&packet, lcore));
}

static void drain(unsigned int lcore, char *answer)
{
	char byte;
	int bytes = 0;

	while (receive(&byte, 1, lcore, 2) > 0)
		bytes++;
	snprintf(answer, LINE_MAX_BYTES, "ok bytes=%d", bytes);
}

/* The calls that take an lcore and give a status; false if verb is none of them. */
static bool call(const char *verb, unsigned int lcore, char *answer)
{
	int result;

	errno = 0;
	if (!strcmp(verb, "init")) result = rte_power_init(lcore);
	else if (!strcmp(verb, "exit")) result = rte_power_exit(lcore);
	else if (!strcmp(verb, "up")) result = rte_power_freq_up(lcore);
	else if (!strcmp(verb, "down")) result = rte_power_freq_down(lcore);
	else if (!strcmp(verb, "min")) result = rte_power_freq_min(lcore);
	else if (!strcmp(verb, "max")) result = rte_power_freq_max(lcore);
	else if (!strcmp(verb, "turbo")) result = rte_power_freq_enable_turbo(lcore);
	else if (!strcmp(verb, "noturbo")) result = rte_power_freq_disable_turbo(lcore);
	else return false;
	snprintf(answer, LINE_MAX_BYTES, "ok ret=%d errno=%d", result, result < 0 ? errno : 0);
	return true;
}

static void step(char *command, char *answer)
{
	char verb[16] = "";
	unsigned int lcore;
	int used;

	if (sscanf(command, "%15s %u%n", verb, &lcore, &used) != 2)
		snprintf(answer, LINE_MAX_BYTES, "error not VERB LCORE: %.99s", command);
	else if (call(verb, lcore, answer))
		return;
	else if (!strcmp(verb, "ack")) ack(lcore, answer);
	else if (!strcmp(verb, "freq")) query_freqs(RTE_POWER_QUERY_FREQ, lcore, answer);
	else if (!strcmp(verb, "freqs")) query_freqs(RTE_POWER_QUERY_FREQ_LIST, lcore, answer);
	else if (!strcmp(verb, "cap")) query_caps(RTE_POWER_QUERY_CAPS, lcore, answer);
	else if (!strcmp(verb, "caps")) query_caps(RTE_POWER_QUERY_CAPS_LIST, lcore, answer);
	else if (!strcmp(verb, "policy")) send_policy(lcore, command + used, answer);
	else if (!strcmp(verb, "remove")) remove_policy(lcore, answer);
	else if (!strcmp(verb, "drain")) drain(lcore, answer);
	else snprintf(answer, LINE_MAX_BYTES, "error unknown verb %s", verb);
}

/* Answers commands until the parent closes its end; that is `end`. */
static int application(int parent)
{
	char *eal[] = { "powerguest", "--no-huge", "--no-pci", "-m", "32", "-l", "0-1",
		"--no-telemetry", "--no-shconf" };
	char command[LINE_MAX_BYTES], answer[LINE_MAX_BYTES] = "error rte_eal_init";
	int up = rte_eal_init(sizeof(eal) / sizeof(*eal), eal) >= 0
		&& rte_power_set_env(PM_ENV_KVM_VM) == 0;
	ssize_t got;

	if (up)
		snprintf(answer, sizeof(answer), "ok lcores=%u version=%s", rte_lcore_count(),
			strrchr(rte_version(), ' ') + 1);
	send(parent, answer, strlen(answer), 0);
	while (up && (got = recv(parent, command, sizeof(command) - 1, 0)) > 0) {
		command[got] = '\0';
		step(command, answer);
		send(parent, answer, strlen(answer), 0);
	}
	return up ? 0 : 1;
}

/* ---- the parent ------------------------------------------------------------------------- */

static pid_t pid;	/* the application's, 0 without one */
static int child = -1;	/* the socket to it, if it is led; one command or answer per message */

static void start(char *answer)
{
	int ends[2];
	ssize_t got;

	if (pid > 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) {
		strcpy(answer, "error the application runs already");
		return;
	}
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		exit(application(ends[1]));
	}
	close(ends[1]);
	child = ends[0];
	got = recv(child, answer, LINE_MAX_BYTES - 1, 0);
	answer[got > 0 ? got : 0] = '\0';
}

static void start_forwarder(char *cost, char *answer)
{
	if (pid > 0) {
		strcpy(answer, "error the application runs already");
		return;
	}
	pid = fork();
	if (pid == 0) {
		execlp("forwarder", "forwarder", "--no-huge", "--no-pci", "-m", "32", "-l", "0-1",
			"--no-telemetry", "--no-shconf", "--vdev=net_af_packet0,iface=eth0,framecnt=64",
			"--", cost, NULL);
		perror("powerguest: forwarder");
		_exit(1);
	}
	snprintf(answer, LINE_MAX_BYTES, "ok pid=%d", pid);
}

/* Reaps the application, and only then answers: its ports are closed by now. */
static void finish(int signal, char *answer)
{
	int status;

	if (pid <= 0) {
		strcpy(answer, "error no application");
		return;
	}
	if (signal || child < 0)
		kill(pid, signal ? signal : SIGTERM);
	if (child >= 0)
		close(child);
	child = -1;
	waitpid(pid, &status, 0);
	pid = 0;
	snprintf(answer, LINE_MAX_BYTES, "ok status=%d signal=%d",
		WIFEXITED(status) ? WEXITSTATUS(status) : 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void obey(char *command, char *answer)
{
	ssize_t got;

	if (!strcmp(command, "app"))
		start(answer);
	else if (!strncmp(command, "forward ", 8))
		start_forwarder(command + 8, answer);
	else if (!strcmp(command, "end"))
		finish(0, answer);
	else if (!strcmp(command, "kill"))
		finish(SIGKILL, answer);
	else if (child < 0 || send(child, command, strlen(command), MSG_NOSIGNAL) < 0)
		strcpy(answer, "error no application");
	else if ((got = recv(child, answer, LINE_MAX_BYTES - 1, 0)) > 0)
		answer[got] = '\0';
	else
		strcpy(answer, "error the application died");
}

static void say(int port, const char *text)
{
	char line[LINE_MAX_BYTES + 1];
	int size = snprintf(line, sizeof(line), "%s\n", text);

	if (write(port, line, size) != size)
		perror("powerguest: control port");
}

int main(int argc, char **argv)
{
	char command[LINE_MAX_BYTES], answer[LINE_MAX_BYTES], byte;
	size_t used = 0;
	int port = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;

	if (port < 0) {
		perror("usage: powerguest CONTROL");
		return 2;
	}
	say(port, "up");	/* blocks until the host is there */
	for (;;) {
		if (read(port, &byte, 1) <= 0) {
			usleep(20000);	/* nobody at the other end */
		} else if (byte != '\n') {
			if (used < sizeof(command) - 1)
				command[used++] = byte;
		} else {
			command[used] = '\0';
			used = 0;
			obey(command, answer);
			say(port, answer);
		}
	}
}
