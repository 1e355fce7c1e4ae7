/* The checkpoint file: two equal copies of 4096 bytes (log-files 11). Pure functions; log/checkpoint_file reads and writes the pair. */
#ifndef OPENESE_FORMAT_CHECKPOINT_H
#define OPENESE_FORMAT_CHECKPOINT_H

#include "format/attach_info.h"

enum { CHECKPOINT_COPY_SIZE = 4096, CHECKPOINT_FILE_SIZE = 8192 };

struct checkpoint {
    lgpos_t lgpos_full_backup_checkpoint;
    lgpos_t lgpos_checkpoint;          /* redo starts here */
    struct signature log_signature;
    struct dbms_param parameters;
    lgpos_t full_backup;
    struct log_time full_backup_time;
    lgpos_t incremental_backup;
    struct log_time incremental_backup_time;
    bool has_attach_list;
    lgpos_t lgpos_consistency;         /* 0 = lgpos_checkpoint */
    uint8_t attach_list[ATTACH_LIST_SIZE];
};

/* One copy. JET_errCheckpointCorrupt (checksum), JET_errFileInvalidType. */
MUST_CHECK JET_ERR checkpoint_decode(const uint8_t *bytes, struct checkpoint *out);
void checkpoint_encode(const struct checkpoint *checkpoint, uint8_t *bytes);

#endif
