// Any bytes as an event file: frames are found inside it, in order, and reading ends.
#include "runs/record_file.h"
#include "tests/fuzz/fuzz_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ablate::RecordReader;
  using ablate::require;
  const ablate::MemoryFile file({reinterpret_cast<const char*>(data), size});
  RecordReader reader(file.descriptor(), size, 0);
  std::uint64_t before = 0;
  RecordReader::Result result;
  while ((result = reader.next()) == RecordReader::Result::record) {
    require(reader.record_offset() == before + ablate::kFrameHead);
    require(reader.offset() == reader.record_offset() + reader.record().size() + ablate::kFrameFoot);
    require(reader.offset() <= size);
    require(reader.record() ==
            std::string_view(reinterpret_cast<const char*>(data) + reader.record_offset(), reader.record().size()));
    before = reader.offset();
  }
  require(result != RecordReader::Result::failed);
  require((result == RecordReader::Result::end) == (reader.offset() == size));
  return 0;
}
