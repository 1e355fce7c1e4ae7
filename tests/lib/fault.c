/* One thing that goes wrong (fault.h). */
#include "fault.h"

#include "base/memory.h"

void fault_arm(struct fault_fs *disk, const struct fault *fault, uint64_t n)
{
    fault_fs_fail_only(disk, fault->only);
    if (fault->is_memory)
        memory_fail_at(n, 0);
    else
        fault_fs_fail(disk, fault->operation, n, fault->error, fault->is_sticky);
}

bool fault_disarm(struct fault_fs *disk, const struct fault *fault)
{
    bool has_struck = fault->is_memory ? memory_fail_left() == 0 : fault_fs_has_failed(disk);
    memory_fail_at(0, 0);
    fault_fs_fail(disk, FAULT_ANY, 0, JET_errSuccess, false);
    fault_fs_fail_only(disk, NULL);
    return has_struck;
}
