// Any messages as the records of a run: two bytes of length (the highest bit begins another file), then so many bytes.
// Whatever they say, the series stay consistent, points lie where restarts left them, and a builder that goes on from
// what another has of scalars ends where that one did.
#include <algorithm>
#include <cstring>
#include <vector>

#include "runs/event_decoding.h"
#include "runs/series_builder.h"
#include "tests/fuzz/fuzz_support.h"

using ablate::require;

namespace {

struct Told {
  std::uint32_t file;
  std::uint64_t offset;
  std::string_view record;
};

void tell(ablate::SeriesBuilder& builder, const Told& told) {
  static ablate::EventFields event;
  if (ablate::decode_event(told.record, event))
    builder.add(event, told.record, told.offset);
  else
    builder.add_undecodable(told.offset);
}

bool same(const ablate::ScalarColumn& a, const ablate::ScalarColumn& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const ablate::ScalarPoint x = a[i], y = b[i];
    if (std::memcmp(&x, &y, sizeof x) != 0) return false;
  }
  return true;
}

template <class Column>
bool same_steps(const std::map<std::string, Column>& a, const std::map<std::string, Column>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    if (x.first != y.first || x.second.size() != y.second.size()) return false;
    for (std::size_t i = 0; i < x.second.size(); ++i)
      if (x.second[i].step != y.second[i].step) return false;
    return true;
  });
}

void require_same(const ablate::SeriesBuilder& a, const ablate::SeriesBuilder& b) {
  const ablate::RunData &x = a.series(), &y = b.series();
  const auto by_name = [](const auto& these, const auto& those) {
    return these.first == those.first && same(these.second, those.second);
  };
  require(std::ranges::equal(x.scalars, y.scalars, by_name));
  require(std::ranges::equal(x.dropped, y.dropped, [](const auto& these, const auto& those) {
    return these.first == those.first && std::ranges::equal(these.second, those.second, same);
  }));
  require(same_steps(x.histograms, y.histograms) && same_steps(x.images, y.images));
  require(same_steps(x.tensors, y.tensors) && same_steps(x.texts, y.texts));
  require(x.hparams == y.hparams && x.charts == y.charts && x.plugins == y.plugins);
  require(std::ranges::equal(a.problems(), b.problems(), [](const auto& these, const auto& those) {
    return these.file == those.file && these.offset == those.offset && these.what == those.what &&
           these.count == those.count;
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  ablate::SeriesBuilder builder;
  std::vector<Told> needed;
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
    ablate::ScalarFields scalar;
    if (!ablate::decode_scalar(record, scalar) || !builder.add(scalar)) tell(builder, {file, offset, record});
    if (builder.needs_event()) needed.push_back({file, offset, record});
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

  if (!builder.can_be_adopted()) return 0;
  ablate::SeriesBuilder again;
  auto next = needed.begin();
  for (std::uint32_t each = 0; each <= file; ++each)
    for (again.begin_file(each); next != needed.end() && next->file == each; ++next) tell(again, *next);
  require(again.adopt(builder.scalars()));
  require_same(builder, again);
  return 0;
}
