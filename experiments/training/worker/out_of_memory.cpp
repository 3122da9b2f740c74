#include "experiments/training/worker/out_of_memory.h"

#include <torch/torch.h>

#include <exception>
#include <new>
#include <string>

namespace ablate {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string out_of_memory_message() {
  try {
    throw;
  } catch (const std::bad_alloc& error) {
    return error.what();
  } catch (const c10::OutOfMemoryError& error) {
    return first_line(error.what_without_backtrace());
  } catch (const c10::Error& error) {
    const std::string text = first_line(error.what_without_backtrace());
    if (text.find("can't allocate memory") == std::string::npos) throw;
    return text;
  } catch (const std::exception& error) {
    // What oneDNN says when it finds no memory for its buffers.
    const std::string text = error.what();
    if (!text.starts_with("could not create a primitive")) throw;
    return text;
  }
}

}  // namespace ablate
