/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling systemd how the daemon is: the protocol of sd_notify(3), which is
 * datagrams to the Unix socket that NOTIFY_SOCKET names. Without that
 * variable nothing is sent.
 */
#ifndef CORRIDOR_NODE_SERVE_NOTIFY_H
#define CORRIDOR_NODE_SERVE_NOTIFY_H

#include <stdint.h>

/*
 * Send one message, as "READY=1\nSTATUS=2 peers". It may get lost: the
 * manager then acts as its unit says.
 */
void notify_send(const char *message);

/* How often the watchdog wants to hear, in ms; 0: it is off. */
uint64_t notify_watchdog_ms(void);

#endif
