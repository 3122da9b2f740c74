#pragma once

namespace ablate {

/// Lets the process keep the memory that tensors give back, for the next step's tensors are as large: left to itself,
/// malloc hands what is large to the system and has every page cleared anew, a third of a training step at 256 × 256.
/// Called before the first tensor is made. Nothing happens where malloc is not glibc's.
void keep_freed_memory();

/// What is kept and used by nobody goes to the system after all, once.
void give_back_memory();

}  // namespace ablate
