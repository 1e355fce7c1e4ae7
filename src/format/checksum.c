/* Checksums (checksum.h): XOR + ECC over a block of 32-bit words.
 *
 * The sum needs, besides the XOR of all words (the column parities), the XOR of the numbers i of all words d[i] with odd parity. Parity is
 * linear, so bit k of that number is the parity of the XOR of all words whose number has bit k set. The block is therefore folded in
 * halves by word number: at each level the odd half is XORed into one accumulator, then neighbours are XORed pairwise. No word is
 * counted by itself, each vector of words costs about two XORs, and one popcount per bit of the word number ends it.
 *
 * The vector code is written once with vector types and compiled twice: for AVX2 (chosen at run time) and for the machine's baseline
 * (SSE2 on x86-64). The portable code follows the definition word by word; tests hold the two against each other.
 *
 * Called by cache (reads and writes of pages), log (segments) and the flush map. No locks.
 */
#include "format/checksum.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "format/page.h"

enum {
    WORD_SIZE = 4,
    ECC_BLOCK_MAX = 8192,
    PAGE_FLAGS_OFFSET = 36,
    LARGE_SUMS_OFFSET = 40, /* sums of blocks 1..3 of a large page */
    LARGE_BLOCKS = 4,
    /* Bit number of PAGE_FLAG_NEW_CHECKSUM inside the page: it says which sum applies, so it is never "repaired". */
    NEW_CHECKSUM_BIT = PAGE_FLAGS_OFFSET * 8 + 13
};

static const uint32_t header_seed = 0x89ABCDEFu;

static atomic_bool portable_forced;

/* --- header sum --- */

uint32_t checksum_header(const uint8_t *block, size_t size)
{
    assert(size >= 8 && size % 4 == 0);
    uint32_t sum = header_seed;
    size_t i = 4;
    if (size % 8 == 0) { /* whole pages: two words at a time, four lanes */
        uint64_t lanes[4] = {0, 0, 0, 0};
        sum ^= load_le32(block + 4);
        for (i = 8; i + 32 <= size; i += 32)
            for (size_t lane = 0; lane < 4; lane++)
                lanes[lane] ^= load_le64(block + i + 8 * lane);
        uint64_t all = lanes[0] ^ lanes[1] ^ lanes[2] ^ lanes[3];
        sum ^= (uint32_t)all ^ (uint32_t)(all >> 32);
    }
    for (; i < size; i += 4)
        sum ^= load_le32(block + i);
    return sum;
}

bool checksum_header_is_valid(const uint8_t *block, size_t size) { return checksum_header(block, size) == load_le32(block); }

/* --- XOR + ECC --- */

/* What the fold yields: XOR of all words, and XOR of the numbers of the words with odd parity. */
struct fold {
    uint32_t columns;
    uint32_t odd_rows;
};

static uint32_t parity(uint32_t word) { return (uint32_t)__builtin_parity(word); }

static struct fold fold_portable(const uint8_t *block, size_t size)
{
    struct fold f = {0, 0};
    for (uint32_t i = 0; i < size / WORD_SIZE; i++) {
        uint32_t word = load_le32(block + (size_t)i * WORD_SIZE);
        f.columns ^= word;
        if (parity(word) != 0)
            f.odd_rows ^= i;
    }
    return f;
}

enum {
    VECTOR_SIZE = 32,
    GROUP_VECTORS = 8, /* vectors folded in registers at once */
    GROUP_SIZE = VECTOR_SIZE * GROUP_VECTORS,
    GROUPS_MAX = ECC_BLOCK_MAX / GROUP_SIZE,
    LANE_BITS = 3,  /* a vector holds 8 words: bits 0-2 of the word number */
    GROUP_BITS = 3  /* bits 3-5 number the vector inside a group */
};

typedef uint64_t vector __attribute__((vector_size(VECTOR_SIZE)));
/* The same in memory: any alignment, any declared type. */
typedef uint64_t stored_vector __attribute__((vector_size(VECTOR_SIZE), aligned(1), may_alias));

/* Parity of all bits of a vector. */
#define VECTOR_PARITY(v) ((uint32_t)__builtin_parityll((v)[0] ^ (v)[1] ^ (v)[2] ^ (v)[3]))

/* Folds a block whose size is a power of two of at least one group. Inlined into one function per instruction set. */
static inline __attribute__((always_inline)) struct fold fold_vectors(const uint8_t *block, size_t size)
{
    vector totals[GROUPS_MAX];
    vector bit0 = {0}, bit1 = {0}, bit2 = {0};
    uint32_t groups = (uint32_t)(size / GROUP_SIZE);
    for (uint32_t g = 0; g < groups; g++) {
        const stored_vector *v = (const stored_vector *)(block + (size_t)g * GROUP_SIZE);
        vector pair01 = v[0] ^ v[1], pair23 = v[2] ^ v[3], pair45 = v[4] ^ v[5], pair67 = v[6] ^ v[7];
        vector upper = pair45 ^ pair67;
        bit0 ^= (v[1] ^ v[3]) ^ (v[5] ^ v[7]);
        bit1 ^= pair23 ^ pair67;
        bit2 ^= upper;
        totals[g] = (pair01 ^ pair23) ^ upper;
    }
    uint32_t rows = VECTOR_PARITY(bit0) << LANE_BITS | VECTOR_PARITY(bit1) << (LANE_BITS + 1) | VECTOR_PARITY(bit2) << (LANE_BITS + 2);
    for (uint32_t bit = LANE_BITS + GROUP_BITS; groups > 1; groups /= 2, bit++) {
        vector odd = {0};
        for (uint32_t g = 0; g < groups; g += 2) {
            odd ^= totals[g + 1];
            totals[g / 2] = totals[g] ^ totals[g + 1];
        }
        rows |= VECTOR_PARITY(odd) << bit;
    }
    /* The eight words left are the lanes: bits 0-2. */
    uint64_t w01 = totals[0][0], w23 = totals[0][1], w45 = totals[0][2], w67 = totals[0][3];
    uint64_t all = w01 ^ w23 ^ w45 ^ w67;
    rows |= parity((uint32_t)(all >> 32));
    rows |= (uint32_t)__builtin_parityll(w23 ^ w67) << 1;
    rows |= (uint32_t)__builtin_parityll(w45 ^ w67) << 2;
    return (struct fold){(uint32_t)all ^ (uint32_t)(all >> 32), rows};
}

static struct fold fold_baseline(const uint8_t *block, size_t size) { return fold_vectors(block, size); }

#if defined(__x86_64__)
__attribute__((target("avx2,popcnt"))) static struct fold fold_avx2(const uint8_t *block, size_t size) { return fold_vectors(block, size); }
static bool have_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt"); }
#endif

static struct fold fold_block(const uint8_t *block, size_t size)
{
    if (size < GROUP_SIZE || atomic_load_explicit(&portable_forced, memory_order_relaxed))
        return fold_portable(block, size);
#if defined(__x86_64__)
    if (have_avx2())
        return fold_avx2(block, size);
#endif
    return fold_baseline(block, size);
}

const char *checksum_implementation(void)
{
    if (atomic_load_explicit(&portable_forced, memory_order_relaxed))
        return "portable";
#if defined(__x86_64__)
    return have_avx2() ? "avx2" : "sse2";
#else
    return "portable";
#endif
}

void checksum_force_portable(bool on) { atomic_store(&portable_forced, on); }

uint64_t checksum_ecc(const uint8_t *block, size_t size, uint32_t number, bool skip_first)
{
    assert(size >= 8 && size <= ECC_BLOCK_MAX && (size & (size - 1)) == 0);
    struct fold f = fold_block(block, size);
    if (skip_first) { /* linear: take words 0 and 1 out again; row 0 adds nothing to odd_rows, row 1 its bit 0 */
        f.columns ^= load_le32(block) ^ load_le32(block + 4);
        f.odd_rows ^= parity(load_le32(block + 4));
    }
    /* The rows with odd parity are odd in number exactly when the columns' parity is odd. */
    uint32_t odd = 0u - parity(f.columns);
    uint32_t r = parity(f.columns & 0xAAAAAAAAu) | parity(f.columns & 0xCCCCCCCCu) << 1 | parity(f.columns & 0xF0F0F0F0u) << 2 |
                 parity(f.columns & 0xFF00FF00u) << 3 | parity(f.columns & 0xFFFF0000u) << 4;
    uint32_t row_mask = (uint32_t)(size / WORD_SIZE) - 1;
    uint32_t low = (f.odd_rows & row_mask) << 5 | r;
    uint32_t high = ((f.odd_rows ^ odd) & row_mask) << 5 | ((r ^ odd) & 31u);
    return (uint64_t)(high << 16 | low) << 32 | (f.columns ^ number);
}

/* --- single-bit repair --- */

enum { NO_BIT = UINT32_MAX };

/* The bit of the block whose flip explains the difference, NO_BIT when a single flip does not. */
static uint32_t single_bit_error(uint64_t stored, uint64_t computed, size_t size)
{
    uint32_t ecc = (uint32_t)((stored ^ computed) >> 32);
    uint32_t columns = (uint32_t)(stored ^ computed);
    uint32_t mask = (uint32_t)(size * 8) - 1;
    uint32_t bit = ecc & 0xFFFF;
    bool explained = (((ecc >> 16) ^ ecc) & mask) == mask && bit <= mask && columns == 1u << (bit & 31);
    return explained ? bit : (uint32_t)NO_BIT;
}

static void flip(uint8_t *block, uint32_t bit) { block[bit / 8] ^= (uint8_t)(1u << (bit & 7)); }

/* Checks one block against its stored sum. Returns CHECKSUM_BAD with *bit = NO_BIT, or CHECKSUM_REPAIRED with *bit = the wrong bit (not yet
 * flipped), or CHECKSUM_OK. */
static enum checksum_verdict judge_block(const uint8_t *block, size_t size, uint32_t number, bool skip_first, uint64_t stored,
                                         uint32_t protected_bit, struct checksum_result *result, uint32_t *bit)
{
    uint64_t computed = checksum_ecc(block, size, number, skip_first);
    *bit = (uint32_t)NO_BIT;
    if (computed == stored)
        return CHECKSUM_OK;
    result->expected = computed;
    result->stored = stored;
    uint32_t wrong = single_bit_error(stored, computed, size);
    if (wrong == (uint32_t)NO_BIT || wrong == protected_bit || (skip_first && wrong < 64))
        return CHECKSUM_BAD;
    *bit = wrong;
    return CHECKSUM_REPAIRED;
}

struct checksum_result checksum_verify_block(uint8_t *block, size_t size, uint32_t number, bool repair)
{
    struct checksum_result result = {.verdict = CHECKSUM_OK};
    uint64_t stored = load_le64(block);
    if (stored == 0 && is_all_zero(block, size)) {
        result.verdict = CHECKSUM_ZERO;
        return result;
    }
    uint32_t bit;
    result.verdict = judge_block(block, size, number, true, stored, (uint32_t)NO_BIT, &result, &bit);
    if (result.verdict == CHECKSUM_REPAIRED) {
        result.repaired_bit = bit;
        if (repair)
            flip(block, bit);
    }
    return result;
}

/* --- pages --- */

static struct checksum_result verify_old_page(const uint8_t *page, uint32_t page_size, uint32_t page_no)
{
    struct checksum_result result = {.verdict = CHECKSUM_OK, .is_old_format = true};
    result.stored = load_le64(page);
    result.expected = (uint64_t)page_no << 32 | checksum_header(page, page_size);
    if (result.stored != result.expected)
        result.verdict = CHECKSUM_BAD;
    return result;
}

/* Blocks 1..3 are judged after block 0, because block 0 holds (and so protects) their sums. */
static struct checksum_result verify_large_page(uint8_t *page, uint32_t page_size, uint32_t page_no, bool repair)
{
    struct checksum_result result = {.verdict = CHECKSUM_OK};
    size_t block_size = page_size / LARGE_BLOCKS;
    uint32_t header_bit = (uint32_t)NO_BIT;
    for (uint32_t i = 0; i < LARGE_BLOCKS; i++) {
        uint64_t stored = load_le64(i == 0 ? page : page + LARGE_SUMS_OFFSET + 8 * (size_t)(i - 1));
        uint32_t first_bit = LARGE_SUMS_OFFSET * 8 + 64 * (i - 1);
        if (i > 0 && !repair && header_bit >= first_bit && header_bit - first_bit < 64)
            stored ^= 1ull << (header_bit - first_bit); /* what a repair of block 0 would have made of it */
        uint32_t bit;
        enum checksum_verdict verdict = judge_block(page + i * block_size, block_size, page_no, i == 0, stored,
                                                    i == 0 ? (uint32_t)NEW_CHECKSUM_BIT : (uint32_t)NO_BIT, &result, &bit);
        if (verdict == CHECKSUM_BAD) {
            result.verdict = CHECKSUM_BAD;
            result.repaired_bit = 0;
            return result;
        }
        if (verdict == CHECKSUM_REPAIRED) {
            result.verdict = CHECKSUM_REPAIRED;
            result.repaired_bit = (uint32_t)(i * block_size * 8) + bit;
            if (i == 0)
                header_bit = bit;
            if (repair)
                flip(page + i * block_size, bit);
        }
    }
    return result;
}

struct checksum_result checksum_verify_page(uint8_t *page, uint32_t page_size, uint32_t page_no, bool repair)
{
    assert(page_size_is_legal(page_size));
    if (load_le64(page) == 0 && is_all_zero(page, page_size))
        return (struct checksum_result){.verdict = CHECKSUM_ZERO};
    if ((load_le32(page + PAGE_FLAGS_OFFSET) & PAGE_FLAG_NEW_CHECKSUM) == 0)
        return verify_old_page(page, page_size, page_no);
    if (page_is_large(page_size))
        return verify_large_page(page, page_size, page_no, repair);

    struct checksum_result result = {.verdict = CHECKSUM_OK};
    uint32_t bit;
    result.verdict = judge_block(page, page_size, page_no, true, load_le64(page), (uint32_t)NEW_CHECKSUM_BIT, &result, &bit);
    if (result.verdict == CHECKSUM_REPAIRED) {
        result.repaired_bit = bit;
        if (repair)
            flip(page, bit);
    }
    return result;
}

void checksum_store_page(uint8_t *page, uint32_t page_size, uint32_t page_no)
{
    assert(page_size_is_legal(page_size));
    if ((load_le32(page + PAGE_FLAGS_OFFSET) & PAGE_FLAG_NEW_CHECKSUM) == 0) {
        store_le32(page + 4, page_no);
        store_le32(page, checksum_header(page, page_size));
        return;
    }
    if (!page_is_large(page_size)) {
        store_le64(page, checksum_ecc(page, page_size, page_no, true));
        return;
    }
    size_t block_size = page_size / LARGE_BLOCKS;
    for (size_t i = 1; i < LARGE_BLOCKS; i++)
        store_le64(page + LARGE_SUMS_OFFSET + 8 * (i - 1), checksum_ecc(page + i * block_size, block_size, page_no, false));
    store_le64(page, checksum_ecc(page, block_size, page_no, true));
}
