#include "runs/series_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "runs/event_fields.h"
#include "runs/hparams.h"
#include "runs/record_file.h"
#include "runs/tensor_values.h"

namespace ablate {
namespace {

using What = ValueFields::What;

constexpr std::size_t kMostRestarts = 16;                // That are told apart: of old logs every falling step is one.
constexpr std::string_view kGraphTag = "__run_graph__";  // under which TensorBoard files a graph

/// The plugin of a value of the older forms, which TensorBoard turns into tensors of that plugin. Empty for the others.
std::string_view plugin_of_form(What what) {
  switch (what) {
    case What::scalar:
      return "scalars";
    case What::histogram:
      return "histograms";
    case What::image:
      return "images";
    case What::audio:
      return "audio";
    default:
      return {};
  }
}

/// The data class that TensorBoard gives to values of a plugin that name none.
std::uint64_t data_class_of(std::string_view plugin) {
  constexpr std::array<std::string_view, 6> kTensors{"histograms", "text", "hparams",
                                                     "pr_curves",  "mesh", "custom_scalars"};
  constexpr std::array<std::string_view, 5> kBlobs{"images", "audio", "graph_run_metadata", "graph_run_metadata_graph",
                                                   "graph_keras_model"};
  if (plugin == "scalars") return pb::metadata::kScalar;
  if (std::ranges::find(kTensors, plugin) != kTensors.end()) return pb::metadata::kTensor;
  if (std::ranges::find(kBlobs, plugin) != kBlobs.end()) return pb::metadata::kBlobSequence;
  return pb::metadata::kUnknown;
}

/// As Python's float() reads it; -1 where that fails.
double version_of(std::string_view text) {
  constexpr std::string_view kMark = "brain.Event:", kSpaces = " \t\n\r\f\v";
  if (const auto at = text.rfind(kMark); at != std::string_view::npos) text.remove_prefix(at + kMark.size());
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(kSpaces)));
  text = text.substr(0, text.find_last_not_of(kSpaces) + 1);
  if (text.starts_with('+')) text.remove_prefix(1);
  double version = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  return error == std::errc{} && end == text.data() + text.size() ? version : -1;
}

int number_in(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Channels as a PNG's header has them; 0 for other files.
int channels_of_png(std::string_view encoded) {
  if (!encoded.starts_with("\x89PNG\r\n\x1a\n") || encoded.size() < 26) return 0;
  switch (encoded[25]) {
    case 0:
      return 1;
    case 4:
      return 2;
    case 6:
      return 4;
    default:
      return 3;
  }
}

std::string_view form_name(What what) {
  switch (what) {
    case What::scalar:
      return "scalar";
    case What::histogram:
      return "histogram";
    case What::image:
      return "image";
    case What::audio:
      return "sound";
    default:
      return "tensor";
  }
}

template <class Column>
void drop_from(std::map<std::string, Column>& columns, const std::string& tag, Step from) {
  const auto column = columns.find(tag);
  if (column != columns.end()) column->second.retain([&](const auto& point) { return point.step < from; });
}

}  // namespace

void SeriesBuilder::begin_file(std::uint32_t file) {
  file_ = file;
  for (auto& [name, tag] : tags_) tag.in_file = false;
}

SeriesBuilder::Tag& SeriesBuilder::tag_of(std::string_view name) {
  const auto found = tags_.find(name);
  if (found != tags_.end()) return found->second;
  Tag& tag = tags_[std::string(name)];
  tag.name = name;
  return tag;
}

void SeriesBuilder::add_problem(std::uint32_t file, std::uint64_t record_offset, std::string what) {
  const auto [place, added] = problem_index_.try_emplace({file, what}, problems_.size());
  if (added)
    problems_.push_back({file, record_offset - kFrameHead, std::move(what), 1});
  else
    ++problems_[place->second].count;
}

void SeriesBuilder::add_undecodable(std::uint64_t record_offset) {
  needs_event_ = true;
  add_problem(file_, record_offset, "a record with right checksums that is no event was skipped");
}

void SeriesBuilder::add(const EventFields& event, std::string_view record, std::uint64_t record_offset) {
  using EventWhat = EventFields::What;
  if (event.what == EventWhat::file_version) {
    const double version = version_of(event.file_version);
    can_be_adopted_ &= version >= 2 || file_version_ < 2;
    file_version_ = version;
  }
  // Before there were session logs every step mattered to what came after it.
  needs_event_ = event.what != EventWhat::summary || file_version_ < 2;
  purge_if_restarted(event);
  const Place place{event.step, event.wall_seconds, file_, record, record_offset};
  switch (event.what) {
    case EventWhat::summary:
      most_recent_step_ = event.step;
      for (std::size_t i = 0; i < event.value_count(); ++i) add_value(event.value(i), place);
      break;
    case EventWhat::graph:
    case EventWhat::tagged_run_metadata: {
      // TensorBoard turns these into a summary of one blob, which claims its tag.
      most_recent_step_ = event.step;
      Tag& tag = tag_of(event.what == EventWhat::graph ? kGraphTag : event.run_metadata_tag);
      if (!tag.has_metadata) set_kind(tag, {"graphs", pb::metadata::kBlobSequence});
      break;
    }
    default:
      break;
  }
}

bool SeriesBuilder::add(const ScalarFields& scalar) {
  if (file_version_ < 2 && scalar.step < most_recent_step_) return false;
  Tag* tag = last_ ? last_->next : nullptr;
  if (!tag || tag->name != scalar.tag) {
    const auto found = tags_.find(scalar.tag);
    if (found == tags_.end()) return false;
    tag = &found->second;
  }
  if (!tag->in_file || !tag->has_metadata || !tag->scalars || tag->kind != Kind::scalar) return false;
  if (last_) last_->next = tag;
  last_ = tag;
  needs_event_ = file_version_ < 2;
  most_recent_step_ = scalar.step;
  tag->highest_step = tag->has_points ? std::max(tag->highest_step, scalar.step) : scalar.step;
  tag->has_points = true;
  tag->scalars->push_back({scalar.step, scalar.wall_seconds, scalar.value});
  return true;
}

SeriesBuilder::Scalars SeriesBuilder::scalars() const {
  Scalars all;
  all.most_recent_step = most_recent_step_;
  for (const auto& [name, points] : series_.scalars) {
    const auto dropped = series_.dropped.find(name);
    all.tags[name] = {points, dropped == series_.dropped.end() ? std::vector<ScalarColumn>{} : dropped->second,
                      tags_.at(name).highest_step};
  }
  return all;
}

bool SeriesBuilder::adopt(Scalars scalars) {
  series_.dropped.clear();
  most_recent_step_ = scalars.most_recent_step;
  if (scalars.tags.size() != series_.scalars.size()) return false;
  for (auto& [name, of_tag] : scalars.tags) {
    const auto tag = tags_.find(name);
    if (tag == tags_.end() || !tag->second.scalars) return false;
    tag->second.highest_step = of_tag.highest_step;
    *tag->second.scalars = std::move(of_tag.points);
    if (!of_tag.dropped.empty()) series_.dropped[name] = std::move(of_tag.dropped);
  }
  return true;
}

void SeriesBuilder::purge_if_restarted(const EventFields& event) {
  using EventWhat = EventFields::What;
  if (file_version_ >= 2) {
    if (event.what == EventWhat::session_log && event.session_start)
      for (auto& [name, tag] : tags_) purge(tag, event.step);
    return;
  }
  // Before there were session logs: a step that falls back is a restart, for the tags at hand.
  if (event.step >= most_recent_step_) return;
  if (event.what == EventWhat::summary)
    for (std::size_t i = 0; i < event.value_count(); ++i) purge(tag_of(event.value(i).tag), event.step);
  if (event.what == EventWhat::graph) purge(tag_of(kGraphTag), event.step);
  if (event.what == EventWhat::tagged_run_metadata) purge(tag_of(event.run_metadata_tag), event.step);
}

void SeriesBuilder::purge(Tag& tag, Step from) {
  if (!tag.has_points || tag.highest_step < from) return;
  tag.highest_step = from == std::numeric_limits<Step>::min() ? from : from - 1;
  std::erase_if(tag.bare, [&](const Bare& bare) { return bare.step >= from; });
  if (const auto scalars = series_.scalars.find(tag.name); scalars != series_.scalars.end()) {
    const ScalarColumn dropped = scalars->second.take_from(from);
    if (!dropped.empty()) {
      std::vector<ScalarColumn>& all = series_.dropped[tag.name];
      if (all.size() < kMostRestarts) all.emplace_back();
      for (std::size_t i = 0; i < dropped.size(); ++i) all.back().push_back(dropped[i]);
    }
  }
  drop_from(series_.histograms, tag.name, from);
  drop_from(series_.texts, tag.name, from);
  drop_from(series_.tensors, tag.name, from);
  drop_from(series_.images, tag.name, from);
  for (int sample = 1; series_.images.contains(fmt::format("{}[{}]", tag.name, sample)); ++sample)
    drop_from(series_.images, fmt::format("{}[{}]", tag.name, sample), from);
}

/// TensorBoard keeps the run's first metadata of a tag, and fills in their data class by the plugin that the tag's
/// first value *in the same file* named (dataclass_compat.py).
void SeriesBuilder::see_metadata(Tag& tag, const ValueFields& value) {
  const std::string_view form = plugin_of_form(value.what);
  const bool has_metadata = value.has_metadata || !form.empty();
  if (!tag.in_file) {
    tag.in_file = true;
    tag.file_first = {std::string(form.empty() ? value.plugin : form), form.empty() ? value.data_class : 0};
  }
  if (tag.has_metadata || !has_metadata) return;
  Metadata metadata{std::string(form.empty() ? value.plugin : form), form.empty() ? value.data_class : 0};
  if (metadata.plugin == "hparams")
    if (auto hparams = decode_hparams(value.plugin_content)) series_.hparams = std::move(*hparams);
  if (tag.file_first.data_class == pb::metadata::kUnknown)
    if (const std::uint64_t filled_in = data_class_of(tag.file_first.plugin); filled_in != pb::metadata::kUnknown)
      metadata.data_class = filled_in;
  set_kind(tag, metadata);
}

void SeriesBuilder::set_kind(Tag& tag, const Metadata& metadata) {
  const auto is = [&](std::string_view plugin, std::uint64_t data_class) {
    return metadata.plugin == plugin && metadata.data_class == data_class;
  };
  tag.has_metadata = true;
  tag.kind = is("scalars", pb::metadata::kScalar)                                                 ? Kind::scalar
             : is("histograms", pb::metadata::kTensor)                                            ? Kind::histogram
             : is("images", pb::metadata::kBlobSequence)                                          ? Kind::image
             : is("text", pb::metadata::kTensor)                                                  ? Kind::text
             : is("custom_scalars", pb::metadata::kTensor)                                        ? Kind::layout
             : metadata.plugin == "hparams" || metadata.data_class == pb::metadata::kBlobSequence ? Kind::ignored
                                                                                                  : Kind::tensor;
  constexpr std::array<std::string_view, 3> kOurs{"", "hparams", "ablate"};
  if ((tag.kind == Kind::ignored || tag.kind == Kind::tensor) &&
      std::ranges::find(kOurs, metadata.plugin) == kOurs.end())
    ++series_.plugins[metadata.plugin];
  if (tag.bare.empty()) return;
  // What was a plain tensor until now is of this kind from its beginning.
  series_.tensors.erase(tag.name);
  const std::vector<Bare> earlier = std::exchange(tag.bare, {});
  ValueFields value;
  for (const Bare& bare : earlier)
    if (decode_value(bare.message, value))
      add_point(tag, value, {bare.step, bare.wall_seconds, bare.file, bare.message, bare.offset});
}

void SeriesBuilder::add_value(const ValueFields& value, const Place& place) {
  Tag& named = tag_of(value.tag);
  needs_event_ |= !named.in_file || !named.has_metadata || !named.scalars || named.kind != Kind::scalar;
  see_metadata(named, value);
  if (value.what == What::nothing || value.what == What::old_histogram) return;
  // Tensors without a tag are kept under the name of the node that made them.
  Tag& tag = value.what == What::tensor && value.tag.empty() ? tag_of(value.node_name) : named;
  needs_event_ |= &tag != &named;
  if (!tag.has_metadata) {
    const auto within = static_cast<std::uint64_t>(value.message.data() - place.record.data());
    tag.bare.push_back(
        {place.step, place.wall_seconds, place.file, place.record_offset + within, std::string(value.message)});
  }
  add_point(tag, value, place);
}

void SeriesBuilder::add_point(Tag& tag, const ValueFields& value, const Place& place) {
  tag.highest_step = tag.has_points ? std::max(tag.highest_step, place.step) : place.step;
  tag.has_points = true;
  bool understood = true;
  switch (tag.kind) {
    case Kind::scalar:
      if (value.what == What::scalar)
        add_scalar(tag, value.scalar, place);
      else if (const auto number = value.what == What::tensor ? scalar_of(value.tensor) : std::nullopt)
        add_scalar(tag, *number, place);
      else
        understood = false;
      break;
    case Kind::histogram:
      understood = add_histogram(tag, value, place);
      break;
    case Kind::image:
      understood = add_image(tag, value, place);
      break;
    case Kind::text:
      understood = add_text(tag, value, place);
      break;
    case Kind::layout:
      understood = add_layout(value);
      break;
    case Kind::unknown:
    case Kind::tensor:
      // Tensors of strings are some plugin's own; there is nothing in them to draw.
      understood =
          add_tensor(tag, value, place) || (value.what == What::tensor && value.tensor.dtype == pb::tensor::kString);
      break;
    case Kind::ignored:
      break;
  }
  if (understood) return;
  needs_event_ = true;
  constexpr std::array<std::string_view, 8> kKinds{"",      "scalars", "histograms",        "images",
                                                   "texts", "tensors", "layouts of charts", ""};
  add_problem(place.file, place.record_offset,
              fmt::format("tag \"{}\" holds {}: a {} there can't be read as one and was left out", tag.name,
                          kKinds[static_cast<std::size_t>(tag.kind)], form_name(value.what)));
}

void SeriesBuilder::add_scalar(Tag& tag, double value, const Place& place) {
  if (tag.scalars == nullptr) tag.scalars = &series_.scalars[tag.name];
  tag.scalars->push_back({place.step, place.wall_seconds, value});
}

bool SeriesBuilder::add_histogram(Tag& tag, const ValueFields& value, const Place& place) {
  std::optional<Histogram> histogram;
  if (value.what == What::histogram) histogram = value.histogram;
  if (value.what == What::tensor) histogram = histogram_of_tensor(value.tensor);
  if (!histogram) return false;
  series_.histograms[tag.name].push_back(
      {place.step, place.wall_seconds, std::make_shared<const Histogram>(std::move(*histogram))});
  return true;
}

bool SeriesBuilder::add_image(Tag& tag, const ValueFields& value, const Place& place) {
  const auto point_of = [&](std::string_view encoded, int height, int width, int channels) {
    ImagePoint point{place.step, place.wall_seconds, place.file};
    point.offset = encoded.empty()
                       ? place.record_offset
                       : place.record_offset + static_cast<std::uint64_t>(encoded.data() - place.record.data());
    point.length = encoded.size();
    point.height = height;
    point.width = width;
    point.channels = channels;
    return point;
  };
  if (value.what == What::image) {
    const ImageFields& image = value.image;
    series_.images[tag.name].push_back(point_of(image.encoded, image.height, image.width, image.channels));
    return true;
  }
  const auto strings = value.what == What::tensor ? strings_of(value.tensor) : std::nullopt;
  if (!strings || strings->size() < 2) return false;
  // Width, height, then one encoded image after the other: the first is the tag's, the others are "tag[1]", "tag[2]", …
  for (std::size_t i = 2; i < strings->size(); ++i) {
    const std::string name = i == 2 ? tag.name : fmt::format("{}[{}]", tag.name, i - 2);
    const std::string_view encoded = (*strings)[i];
    series_.images[name].push_back(
        point_of(encoded, number_in((*strings)[1]), number_in((*strings)[0]), channels_of_png(encoded)));
  }
  return true;
}

bool SeriesBuilder::add_text(Tag& tag, const ValueFields& value, const Place& place) {
  const auto strings = value.what == What::tensor ? strings_of(value.tensor) : std::nullopt;
  if (!strings) return false;
  series_.texts[tag.name].push_back(
      {place.step, place.wall_seconds,
       std::make_shared<const std::string>(fmt::format("{}", fmt::join(*strings, "\n")))});
  return true;
}

bool SeriesBuilder::add_layout(const ValueFields& value) {
  const auto strings = value.what == What::tensor ? strings_of(value.tensor) : std::nullopt;
  if (!strings || strings->empty()) return false;
  needs_event_ = true;
  series_.charts = decode_layout(strings->front());
  return true;
}

bool SeriesBuilder::add_tensor(Tag& tag, const ValueFields& value, const Place& place) {
  std::optional<FloatTensor> tensor;
  if (value.what == What::scalar) tensor = FloatTensor{{}, {value.scalar}};
  if (value.what == What::tensor) tensor = floats_of(value.tensor);
  if (!tensor) return false;
  series_.tensors[tag.name].push_back({place.step, place.wall_seconds,
                                       std::make_shared<const std::vector<std::int64_t>>(std::move(tensor->shape)),
                                       std::make_shared<const std::vector<float>>(std::move(tensor->values))});
  return true;
}

}  // namespace ablate
