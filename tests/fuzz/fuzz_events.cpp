// Any messages as the records of a run: two bytes of length (the highest bit begins another file), then so many bytes.
// Whatever they say, the series stay consistent, and points lie where restarts left them.
#include "runs/event_decoding.h"
#include "runs/series_builder.h"
#include "tests/fuzz/fuzz_support.h"

using ablate::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  ablate::SeriesBuilder builder;
  ablate::EventFields event;
  std::uint32_t file = 0;
  std::uint64_t offset = 12;
  builder.begin_file(file);
  while (input.size() >= 2) {
    const auto head = static_cast<std::uint8_t>(input[0]) | static_cast<unsigned>(static_cast<std::uint8_t>(input[1]))
                                                                << 8;
    input.remove_prefix(2);
    if (head & 0x8000) builder.begin_file(++file);
    const std::string_view record = input.substr(0, head & 0x7fff);
    input.remove_prefix(record.size());
    if (ablate::decode_event(record, event))
      builder.add(event, record, offset);
    else
      builder.add_undecodable(offset);
    offset += record.size() + 16;
  }
  const ablate::RunData& series = builder.series();
  for (const auto& [tag, images] : series.images)
    for (std::size_t i = 0; i < images.size(); ++i) require(images[i].offset + images[i].length <= offset);
  for (const auto& [tag, tensors] : series.tensors)
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      std::size_t elements = 1;
      for (const std::int64_t length : *tensors[i].shape) elements *= static_cast<std::size_t>(length);
      require(elements == tensors[i].values->size());
    }
  for (const auto& [tag, histograms] : series.histograms)
    for (std::size_t i = 0; i < histograms.size(); ++i) require(histograms[i].histogram != nullptr);
  for (const auto& [tag, texts] : series.texts)
    for (std::size_t i = 0; i < texts.size(); ++i) require(texts[i].text != nullptr);
  for (const auto& problem : builder.problems()) require(problem.count > 0 && problem.file <= file);
  return 0;
}
