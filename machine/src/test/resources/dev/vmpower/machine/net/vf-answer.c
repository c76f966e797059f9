/*
 * Writes vf-answer.bin: how the kernel's rtnl_fill_ifinfo() lays out a card with three virtual
 * functions, between two devices that have none. Compiled against the kernel's own headers, so that
 * the test does not read what the code under test wrote.
 *
 *     cc vf-answer.c && ./a.out > vf-answer.bin
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

static char out[8192];
static int at;

static struct rtattr *put(int type, const void *value, int bytes)
{
	struct rtattr *attribute = (struct rtattr *)(out + at);

	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(bytes);
	memcpy(RTA_DATA(attribute), value, bytes);
	at += RTA_ALIGN(attribute->rta_len);
	return attribute;
}

static void end(struct rtattr *nest)
{
	nest->rta_len = out + at - (char *)nest;
}

static struct nlmsghdr *begin(int index, const char *name)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(out + at);
	struct ifinfomsg *info = NLMSG_DATA(message);
	__u32 mtu = 1500;

	message->nlmsg_type = RTM_NEWLINK;
	message->nlmsg_flags = NLM_F_MULTI;
	message->nlmsg_seq = 7;
	info->ifi_index = index;
	at += NLMSG_SPACE(sizeof(*info));
	put(IFLA_IFNAME, name, strlen(name) + 1);
	put(IFLA_MTU, &mtu, sizeof(mtu));
	return message;
}

static void finish(struct nlmsghdr *message)
{
	message->nlmsg_len = out + at - (char *)message;
}

static void function(__u32 number, const char *address, __u64 received, __u64 sent)
{
	struct ifla_vf_mac mac = { .vf = number };
	struct ifla_vf_broadcast broadcast;
	struct ifla_vf_vlan vlan = { .vf = number };
	struct ifla_vf_trust trust = { .vf = number };
	__u64 none = 0;
	struct rtattr *info = put(IFLA_VF_INFO, "", 0);
	struct rtattr *stats;

	memcpy(mac.mac, address, 6);
	memset(broadcast.broadcast, 0xff, sizeof(broadcast.broadcast));
	put(IFLA_VF_MAC, &mac, sizeof(mac));
	put(IFLA_VF_BROADCAST, &broadcast, sizeof(broadcast));
	put(IFLA_VF_VLAN, &vlan, sizeof(vlan));
	put(IFLA_VF_TRUST, &trust, sizeof(trust));
	stats = put(IFLA_VF_STATS, "", 0);
	put(IFLA_VF_STATS_RX_PACKETS, &received, 8);
	put(IFLA_VF_STATS_TX_PACKETS, &sent, 8);
	put(IFLA_VF_STATS_RX_BYTES, &none, 8);
	put(IFLA_VF_STATS_TX_BYTES, &none, 8);
	put(IFLA_VF_STATS_BROADCAST, &none, 8);
	put(IFLA_VF_STATS_MULTICAST, &none, 8);
	put(IFLA_VF_STATS_RX_DROPPED, &none, 8);
	put(IFLA_VF_STATS_TX_DROPPED, &none, 8);
	end(stats);
	end(info);
}

int main(void)
{
	__u32 functions = 3;
	struct nlmsghdr *message = begin(1, "lo");
	struct rtattr *list;

	finish(message);
	message = begin(4, "enp59s0f0");
	put(IFLA_NUM_VF, &functions, sizeof(functions));
	list = put(IFLA_VFINFO_LIST, "", 0);
	function(0, "\x52\x54\x00\x12\x34\x56", 5000000000ULL, 4);
	function(1, "\0\0\0\0\0\0", 0, 0);
	function(2, "\x52\x54\x00\x12\x34\x58", 0, 9);
	end(list);
	put(IFLA_QDISC, "mq", 3); /* what comes after the list must be found */
	finish(message);
	finish(begin(70000, "vnet0"));
	message = (struct nlmsghdr *)(out + at);
	message->nlmsg_type = NLMSG_DONE;
	message->nlmsg_flags = NLM_F_MULTI;
	message->nlmsg_seq = 7;
	at += NLMSG_SPACE(sizeof(int));
	finish(message);
	return fwrite(out, 1, at, stdout) != (size_t)at;
}
