/*
 * /proc/net: what a machine has to say of its network that has none but the loopback device, which
 * was never brought up. Nothing was ever sent, so all counts are 0, and no socket is open.
 * Source: what 6.1 shows before a network is set up; proc(5).
 */
#include "fs/knob.h"
#include "fs/proc/pid.h"
#include "fs/visitor.h"

#include <string.h>

/* "Name: one two ...", then the same with a count for each, which is 0 if none is given. */
struct counters {
	const char *name, *counters, *counts;
};

static void show_counters(const struct counters *c, struct text *out)
{
	const char *word;

	text_printf(out, "%s: %s\n%s:", c->name, c->counters, c->name);
	if (c->counts) {
		text_printf(out, " %s\n", c->counts);
		return;
	}
	for (word = c->counters; word; word = strchr(word + 1, ' '))
		text_str(out, " 0");
	text_char(out, '\n');
}

static int show_netstat(const struct request *rq, struct text *out)
{
	static const struct counters netstat[] = {
		{ "TcpExt",
		  "SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts PruneCalled RcvPruned "
		  "OfoPruned OutOfWindowIcmps LockDroppedIcmps ArpFilter TW TWRecycled TWKilled "
		  "PAWSActive PAWSEstab DelayedACKs DelayedACKLocked DelayedACKLost ListenOverflows "
		  "ListenDrops TCPHPHits TCPPureAcks TCPHPAcks TCPRenoRecovery TCPSackRecovery "
		  "TCPSACKReneging TCPSACKReorder TCPRenoReorder TCPTSReorder TCPFullUndo "
		  "TCPPartialUndo TCPDSACKUndo TCPLossUndo TCPLostRetransmit TCPRenoFailures "
		  "TCPSackFailures TCPLossFailures TCPFastRetrans TCPSlowStartRetrans TCPTimeouts "
		  "TCPLossProbes TCPLossProbeRecovery TCPRenoRecoveryFail TCPSackRecoveryFail "
		  "TCPRcvCollapsed TCPBacklogCoalesce TCPDSACKOldSent TCPDSACKOfoSent TCPDSACKRecv "
		  "TCPDSACKOfoRecv TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout "
		  "TCPAbortOnLinger TCPAbortFailed TCPMemoryPressures TCPMemoryPressuresChrono "
		  "TCPSACKDiscard TCPDSACKIgnoredOld TCPDSACKIgnoredNoUndo TCPSpuriousRTOs "
		  "TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPSackShifted TCPSackMerged "
		  "TCPSackShiftFallback TCPBacklogDrop PFMemallocDrop TCPMinTTLDrop TCPDeferAcceptDrop "
		  "IPReversePathFilter TCPTimeWaitOverflow TCPReqQFullDoCookies TCPReqQFullDrop "
		  "TCPRetransFail TCPRcvCoalesce TCPOFOQueue TCPOFODrop TCPOFOMerge TCPChallengeACK "
		  "TCPSYNChallenge TCPFastOpenActive TCPFastOpenActiveFail TCPFastOpenPassive "
		  "TCPFastOpenPassiveFail TCPFastOpenListenOverflow TCPFastOpenCookieReqd "
		  "TCPFastOpenBlackhole TCPSpuriousRtxHostQueues BusyPollRxPackets TCPAutoCorking "
		  "TCPFromZeroWindowAdv TCPToZeroWindowAdv TCPWantZeroWindowAdv TCPSynRetrans "
		  "TCPOrigDataSent TCPHystartTrainDetect TCPHystartTrainCwnd TCPHystartDelayDetect "
		  "TCPHystartDelayCwnd TCPACKSkippedSynRecv TCPACKSkippedPAWS TCPACKSkippedSeq "
		  "TCPACKSkippedFinWait2 TCPACKSkippedTimeWait TCPACKSkippedChallenge TCPWinProbe "
		  "TCPKeepAlive TCPMTUPFail TCPMTUPSuccess TCPDelivered TCPDeliveredCE TCPAckCompressed "
		  "TCPZeroWindowDrop TCPRcvQDrop TCPWqueueTooBig TCPFastOpenPassiveAltKey "
		  "TcpTimeoutRehash TcpDuplicateDataRehash TCPDSACKRecvSegs TCPDSACKIgnoredDubious "
		  "TCPMigrateReqSuccess TCPMigrateReqFailure",
		  NULL },
		{ "IpExt",
		  "InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts OutBcastPkts "
		  "InOctets OutOctets InMcastOctets OutMcastOctets InBcastOctets OutBcastOctets "
		  "InCsumErrors InNoECTPkts InECT1Pkts InECT0Pkts InCEPkts ReasmOverlaps",
		  NULL },
		{ "MPTcpExt",
		  "MPCapableSYNRX MPCapableSYNTX MPCapableSYNACKRX MPCapableACKRX MPCapableFallbackACK "
		  "MPCapableFallbackSYNACK MPCapableEndpAttempt MPFallbackTokenInit MPTCPRetrans "
		  "MPJoinNoTokenFound MPJoinSynRx MPJoinSynBackupRx MPJoinSynAckRx MPJoinSynAckBackupRx "
		  "MPJoinSynAckHMacFailure MPJoinAckRx MPJoinAckHMacFailure DSSNotMatching "
		  "DSSCorruptionFallback DSSCorruptionReset InfiniteMapTx InfiniteMapRx DSSNoMatchTCP "
		  "DataCsumErr OFOQueueTail OFOQueue OFOMerge NoDSSInWindow DuplicateData AddAddr "
		  "EchoAdd PortAdd AddAddrDrop MPJoinPortSynRx MPJoinPortSynAckRx MPJoinPortAckRx "
		  "MismatchPortSynRx MismatchPortAckRx RmAddr RmAddrDrop RmSubflow MPPrioTx MPPrioRx "
		  "MPFailTx MPFailRx MPFastcloseTx MPFastcloseRx MPRstTx MPRstRx RcvPruned SubflowStale "
		  "SubflowRecover SndWndShared RcvWndShared RcvWndConflictUpdate RcvWndConflict",
		  NULL },
	};
	size_t i;

	(void)rq;
	for (i = 0; i < ARRAY_SIZE(netstat); i++)
		show_counters(&netstat[i], out);
	return 0;
}

static int show_snmp(const struct request *rq, struct text *out)
{
	static const struct counters snmp[] = {
		{ "Ip",
		  "Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams "
		  "InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes "
		  "ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates",
		  "2 64 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0" },
		{ "Icmp",
		  "InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs "
		  "InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks "
		  "InAddrMaskReps OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost OutDestUnreachs "
		  "OutTimeExcds OutParmProbs OutSrcQuenchs OutRedirects OutEchos OutEchoReps "
		  "OutTimestamps OutTimestampReps OutAddrMasks OutAddrMaskReps",
		  NULL },
		{ "Tcp",
		  "RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets "
		  "CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors",
		  "1 200 120000 -1 0 0 0 0 0 0 0 0 0 0 0" },
		{ "Udp",
		  "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
		  "IgnoredMulti MemErrors",
		  NULL },
		{ "UdpLite",
		  "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
		  "IgnoredMulti MemErrors",
		  NULL },
	};
	size_t i;

	(void)rq;
	for (i = 0; i < ARRAY_SIZE(snmp); i++)
		show_counters(&snmp[i], out);
	return 0;
}

static const char *const snmp6_names[] = { "Ip6InReceives",
					   "Ip6InHdrErrors",
					   "Ip6InTooBigErrors",
					   "Ip6InNoRoutes",
					   "Ip6InAddrErrors",
					   "Ip6InUnknownProtos",
					   "Ip6InTruncatedPkts",
					   "Ip6InDiscards",
					   "Ip6InDelivers",
					   "Ip6OutForwDatagrams",
					   "Ip6OutRequests",
					   "Ip6OutDiscards",
					   "Ip6OutNoRoutes",
					   "Ip6ReasmTimeout",
					   "Ip6ReasmReqds",
					   "Ip6ReasmOKs",
					   "Ip6ReasmFails",
					   "Ip6FragOKs",
					   "Ip6FragFails",
					   "Ip6FragCreates",
					   "Ip6InMcastPkts",
					   "Ip6OutMcastPkts",
					   "Ip6InOctets",
					   "Ip6OutOctets",
					   "Ip6InMcastOctets",
					   "Ip6OutMcastOctets",
					   "Ip6InBcastOctets",
					   "Ip6OutBcastOctets",
					   "Ip6InNoECTPkts",
					   "Ip6InECT1Pkts",
					   "Ip6InECT0Pkts",
					   "Ip6InCEPkts",
					   "Icmp6InMsgs",
					   "Icmp6InErrors",
					   "Icmp6OutMsgs",
					   "Icmp6OutErrors",
					   "Icmp6InCsumErrors",
					   "Icmp6OutRateLimitHost",
					   "Icmp6InDestUnreachs",
					   "Icmp6InPktTooBigs",
					   "Icmp6InTimeExcds",
					   "Icmp6InParmProblems",
					   "Icmp6InEchos",
					   "Icmp6InEchoReplies",
					   "Icmp6InGroupMembQueries",
					   "Icmp6InGroupMembResponses",
					   "Icmp6InGroupMembReductions",
					   "Icmp6InRouterSolicits",
					   "Icmp6InRouterAdvertisements",
					   "Icmp6InNeighborSolicits",
					   "Icmp6InNeighborAdvertisements",
					   "Icmp6InRedirects",
					   "Icmp6InMLDv2Reports",
					   "Icmp6OutDestUnreachs",
					   "Icmp6OutPktTooBigs",
					   "Icmp6OutTimeExcds",
					   "Icmp6OutParmProblems",
					   "Icmp6OutEchos",
					   "Icmp6OutEchoReplies",
					   "Icmp6OutGroupMembQueries",
					   "Icmp6OutGroupMembResponses",
					   "Icmp6OutGroupMembReductions",
					   "Icmp6OutRouterSolicits",
					   "Icmp6OutRouterAdvertisements",
					   "Icmp6OutNeighborSolicits",
					   "Icmp6OutNeighborAdvertisements",
					   "Icmp6OutRedirects",
					   "Icmp6OutMLDv2Reports",
					   "Udp6InDatagrams",
					   "Udp6NoPorts",
					   "Udp6InErrors",
					   "Udp6OutDatagrams",
					   "Udp6RcvbufErrors",
					   "Udp6SndbufErrors",
					   "Udp6InCsumErrors",
					   "Udp6IgnoredMulti",
					   "Udp6MemErrors",
					   "UdpLite6InDatagrams",
					   "UdpLite6NoPorts",
					   "UdpLite6InErrors",
					   "UdpLite6OutDatagrams",
					   "UdpLite6RcvbufErrors",
					   "UdpLite6SndbufErrors",
					   "UdpLite6InCsumErrors",
					   "UdpLite6MemErrors" };

static int show_snmp6(const struct request *rq, struct text *out)
{
	size_t i;

	(void)rq;
	for (i = 0; i < ARRAY_SIZE(snmp6_names); i++) {
		text_str_left(out, snmp6_names[i], 32);
		text_str(out, "\t0\n");
	}
	return 0;
}

/* A line for each CPU that is on, its number in the last column. */
static int show_softnet_stat(const struct request *rq, struct text *out)
{
	u32 cpu, i;

	for (cpu = 0; cpu < rq->m->nr_cpus; cpu++) {
		for (i = 0; i < 12; i++)
			text_str(out, "00000000 ");
		text_printf(out, "%08x\n", cpu);
	}
	return 0;
}

#define FIXED(_name, text)                                                   \
	{                                                                    \
		.name = _name, .mode = 0444, .show = show_text, .data = text \
	}
#define FILE_RO(_name)                                             \
	{                                                          \
		.name = #_name, .mode = 0444, .show = show_##_name \
	}

/* Shorter names first, as procfs lists them. */
static const struct attribute net_attrs[] = {
	FIXED("arp", "IP address       HW type     Flags       HW address            Mask     Devi"
		     "ce\n"),
	FIXED("dev", "Inter-|   Receive                                                |  Transmit"
		     "\n"
		     " face |bytes    packets errs drop fifo frame compressed multicast|bytes    p"
		     "ackets errs drop fifo colls carrier compressed\n"
		     "    lo:       0       0    0    0    0     0          0         0        0  "
		     "     0    0    0    0     0       0          0\n"),
	FIXED("raw", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt "
		     "  uid  timeout inode ref pointer drops\n"),
	FIXED("tcp", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt "
		     "  uid  timeout inode                                                     \n"),
	FIXED("udp", "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"
		     "   uid  timeout inode ref pointer drops            \n"),
	FIXED("icmp", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt "
		      "  uid  timeout inode ref pointer drops             \n"),
	FIXED("igmp", "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"),
	FIXED("raw6", "  sl  local_address                         remote_address                  "
		      "      st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref poi"
		      "nter drops\n"),
	FILE_RO(snmp),
	FIXED("tcp6", "  sl  local_address                         remote_address                  "
		      "      st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"),
	FIXED("udp6", "  sl  local_address                         remote_address                  "
		      "      st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref poi"
		      "nter drops\n"),
	FIXED("unix", "Num       RefCount Protocol Flags    Type St Inode Path\n"),
	FIXED("icmp6",
	      "  sl  local_address                         remote_address                  "
	      "      st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref poi"
	      "nter drops\n"),
	FIXED("igmp6", "1    lo              ff020000000000000000000000000001     1 0000000C 0\n"
		       "1    lo              ff010000000000000000000000000001     1 00000008 0\n"),
	FIXED("ptype", "Type Device      Function\n"
		       "0800          ip_rcv\n"
		       "0806          arp_rcv\n"
		       "86dd          ipv6_rcv\n"),
	FIXED("route", ""),
	FILE_RO(snmp6),
	FIXED("packet", "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"),
	FIXED("psched", "000003e8 00000040 000f4240 3b9aca00\n"),
	FILE_RO(netstat),
	FIXED("udplite",
	      "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"
	      "   uid  timeout inode ref pointer drops            \n"),
	FIXED("anycast6", ""),
	FIXED("if_inet6", ""),
	FIXED("mcfilter", "Idx Device        MCA        SRC    INC    EXC\n"),
	FIXED("rt_cache",
	      "Iface\tDestination\tGateway \tFlags\t\tRefCnt\tUse\tMetric\tSource\t\tMTU\tWindow\tIRTT\t"
	      "TOS\tHHRef\tHHUptod\tSpecDst                          \n"),
	FIXED("sockstat", "sockets: used 0\n"
			  "TCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\n"
			  "UDP: inuse 0 mem 0\n"
			  "UDPLITE: inuse 0\n"
			  "RAW: inuse 0\n"
			  "FRAG: inuse 0 memory 0\n"),
	FIXED("udplite6",
	      "  sl  local_address                         remote_address                  "
	      "      st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref poi"
	      "nter drops\n"),
	FIXED("wireless",
	      "Inter-| sta-|   Quality        |   Discarded packets               | Missed "
	      "| WE\n"
	      " face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon "
	      "| 22\n"),
	FIXED("dev_mcast", ""),
	FIXED("mcfilter6",
	      "Idx Device                Multicast Address                   Source Address"
	      "    INC    EXC\n"),
	FIXED("rt6_stats", "0000 0000 0000 0000 0000 0000 0000\n"),
	FIXED("sockstat6", "TCP6: inuse 0\n"
			   "UDP6: inuse 0\n"
			   "UDPLITE6: inuse 0\n"
			   "RAW6: inuse 0\n"
			   "FRAG6: inuse 0 memory 0\n"),
	FIXED("ipv6_route",
	      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 0000"
	      "0000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
	      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 0000"
	      "0000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"),
	FILE_RO(softnet_stat),
	FIXED("ip6_flowlabel",
	      "Label S Owner  Users  Linger Expires  Dst                              Opt\n"),
};

const struct directory pid_net_directory = {
	.name = "proc/PID/net",
	.mode = 0555,
	.attrs = net_attrs,
	.nr_attrs = ARRAY_SIZE(net_attrs),
	.exists = pid_exists,
};

const struct directory visitor_net_directory = {
	.name = "proc/VISITOR/net",
	.mode = 0555,
	.attrs = net_attrs,
	.nr_attrs = ARRAY_SIZE(net_attrs),
	.exists = visitor_exists,
};
