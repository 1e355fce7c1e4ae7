/* One thing that goes wrong, armed for the nth time it could: for tests that let every call fail once. */
#ifndef TESTS_LIB_FAULT_H
#define TESTS_LIB_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "fault_fs.h"

struct fault {
    const char *name;
    bool is_memory, is_sticky;      /* memory: an allocation, else the operation */
    enum fault_operation operation;
    JET_ERR error;
    const char *only;               /* files */
    JET_GRBIT grbit;                /* of the call that is tested, where it takes one */
};
void fault_arm(struct fault_fs *disk, const struct fault *fault, uint64_t n);
/* Has it struck? */
bool fault_disarm(struct fault_fs *disk, const struct fault *fault);

#endif
