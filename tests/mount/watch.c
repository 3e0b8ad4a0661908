/*
 * Waits for memory or I/O pressure as an OOM daemon does.
 * usage: watch FILE TRIGGER TIMES TIMEOUT_MS [FIRST_TIMEOUT_MS]
 *
 * Writes TRIGGER into FILE, prints "watching", and then a line for each of TIMES calls of poll(2):
 * "woken" with the events, or "timeout".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_events(short events)
{
	printf("woken%s%s%s\n", events & POLLPRI ? " POLLPRI" : "",
	       events & POLLERR ? " POLLERR" : "", events & POLLIN ? " POLLIN" : "");
}

int main(int argc, char **argv)
{
	struct pollfd p = { .events = POLLPRI };
	int times, timeout, n;

	if (argc != 5 && argc != 6)
		return 2;
	p.fd = open(argv[1], (*argv[2] ? O_RDWR : O_RDONLY) | O_NONBLOCK);
	if (p.fd < 0) {
		perror(argv[1]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (*argv[2]) {
		if (write(p.fd, argv[2], strlen(argv[2]) + 1) < 0) {
			printf("write: %s\n", strerror(errno));
			return 1;
		}
		n = (int)write(p.fd, argv[2], strlen(argv[2]) + 1);
		printf("watching, and again: %s\n", n < 0 ? strerror(errno) : "taken");
	}
	timeout = atoi(argv[argc - 1]);
	for (times = atoi(argv[3]); times; times--) {
		n = poll(&p, 1, timeout);
		timeout = atoi(argv[4]);
		if (n < 0)
			printf("poll: %s\n", strerror(errno));
		else if (!n)
			printf("timeout\n");
		else
			print_events(p.revents);
	}
	return 0;
}
