/* SPDX-License-Identifier: Apache-2.0 */
/* A bug on purpose: heads are taken without looking at their signature. */
#include "sync/model/log.h"

enum err __wrap_log_verify_batch(struct merkle_edge *edge,
    struct batch_nodes *out_nodes, const struct batch *batch,
    const struct corridor_id *corridor, const struct head *trusted);
enum err __real_log_verify_batch(struct merkle_edge *edge,
    struct batch_nodes *out_nodes, const struct batch *batch,
    const struct corridor_id *corridor, const struct head *trusted);

enum err
__wrap_log_verify_batch(struct merkle_edge *edge, struct batch_nodes *out_nodes,
    const struct batch *batch, const struct corridor_id *corridor,
    const struct head *trusted)
{
    (void)trusted;
    return __real_log_verify_batch(
        edge, out_nodes, batch, corridor, &batch->head);
}
