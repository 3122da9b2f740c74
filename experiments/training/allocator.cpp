#include "experiments/training/allocator.h"

#include <malloc.h>

namespace ablate {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);         // Not a mapping of its own for each large block,
  mallopt(M_TRIM_THRESHOLD, -1);  // and nothing is given back from the heap's end.
  mallopt(M_TOP_PAD, 64 << 20);
  mallopt(M_ARENA_MAX, 1);  // Heaps of other threads are small, and given back when they are empty.
#endif
}

void give_back_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace ablate
