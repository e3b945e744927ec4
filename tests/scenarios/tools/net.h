/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets for the scenarios' tools: TCP over IPv4. */
#ifndef CORRIDOR_TESTS_SCENARIOS_TOOLS_NET_H
#define CORRIDOR_TESTS_SCENARIOS_TOOLS_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Listen on 127.0.0.1 at a port of the system's choice, whose number appears
 * in the file, whole. The socket does not block; -1 on failure.
 */
int net_listen(const char *port_file);

/*
 * Connect to "host:port", numbers both; from an address of this machine, or
 * any if `from` is NULL. -1 on failure.
 */
int net_dial(const char *to, const char *from);

/* Reads and writes return at once from now on. */
void net_unblock(int fd);

/* Send all of it. False: the connection is gone. */
bool net_send(int fd, const void *bytes, size_t size);

/*
 * Wait for bytes: how many were read, 0 at the end of the connection (broken
 * ones have ended too), -1 when nothing came within the time.
 */
long net_receive(int fd, void *bytes, size_t size, int wait_ms);

#endif
