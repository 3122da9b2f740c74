#include "runs/event_encoding.h"

#include <nlohmann/json.hpp>

#include "runs/error.h"
#include "runs/event_fields.h"
#include "runs/json_file.h"
#include "runs/wire.h"

namespace ablate {
namespace {

// Keys of fields below 16 are one byte: number << 3 | wire type.
constexpr char key(std::uint32_t field, WireType type) {
  return static_cast<char>(field << 3 | static_cast<std::uint8_t>(type));
}

WireWriter event_at(double wall_seconds, Step step) {
  WireWriter event;
  event.fixed64(pb::event::kWallTime, wall_seconds);
  if (step != 0) event.varint(pb::event::kStep, static_cast<std::uint64_t>(step));
  return event;
}

std::string event_of(double wall_seconds, Step step, const WireWriter& value) {
  WireWriter summary;
  summary.message(pb::summary::kValue, value);
  WireWriter event = event_at(wall_seconds, step);
  event.message(pb::event::kSummary, summary);
  return event.text();
}

WireWriter value_of(std::string_view tag) {
  WireWriter value;
  value.bytes(pb::value::kTag, tag);
  return value;
}

WireWriter metadata_of(std::string_view plugin, std::string_view content) {
  WireWriter plugin_data;
  plugin_data.bytes(pb::plugin_data::kPluginName, plugin);
  if (!content.empty()) plugin_data.bytes(pb::plugin_data::kContent, content);
  WireWriter metadata;
  metadata.message(pb::metadata::kPluginData, plugin_data);
  metadata.varint(pb::metadata::kDataClass, pb::metadata::kTensor);
  return metadata;
}

WireWriter float_tensor(std::span<const std::int64_t> shape, std::span<const float> values) {
  WireWriter dims;
  for (const std::int64_t size : shape) {
    WireWriter dim;
    if (size != 0) dim.varint(pb::shape::kDimSize, static_cast<std::uint64_t>(size));
    dims.message(pb::shape::kDim, dim);
  }
  WireWriter tensor;
  tensor.varint(pb::tensor::kDtype, pb::tensor::kFloat);
  tensor.message(pb::tensor::kShape, dims);
  if (!values.empty()) tensor.packed(pb::tensor::kContent, values.data(), values.size());
  return tensor;
}

const nlohmann::json& object_of(const nlohmann::json& values) {
  if (!values.is_object()) throw Error("hyper-parameters have to be a JSON object of key and value");
  return values;
}

std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

std::string hparams_event(double wall_seconds, std::string_view tag, std::uint32_t what, const WireWriter& content) {
  WireWriter data;
  data.message(what, content);
  WireWriter value = value_of(tag);
  // The plugin's own writer puts an empty tensor there, so that the tag counts as having data.
  const std::int64_t none = 0;
  value.message(pb::value::kTensor, float_tensor({&none, 1}, {}));
  value.message(pb::value::kMetadata, metadata_of("hparams", data.text()));
  return event_of(wall_seconds, 0, value);
}

}  // namespace

std::string encode_version(double wall_seconds) {
  WireWriter event = event_at(wall_seconds, 0);
  event.bytes(pb::event::kFileVersion, "brain.Event:2");
  return event.text();
}

std::string encode_session_start(double wall_seconds, Step step) {
  WireWriter session;
  session.varint(pb::session_log::kStatus, pb::session_log::kStart);
  WireWriter event = event_at(wall_seconds, step);
  event.message(pb::event::kSessionLog, session);
  return event.text();
}

ScalarSizes::ScalarSizes(std::string_view tag, Step step) {
  value = 1 + varint_size(tag.size()) + tag.size() + 5;
  summary = 1 + varint_size(value) + value;
  const std::size_t step_size = step == 0 ? 0 : 1 + varint_size(static_cast<std::uint64_t>(step));
  event = 9 + step_size + 1 + varint_size(summary) + summary;
}

void encode_scalar(char* at, const ScalarSizes& sizes, double wall_seconds, Step step, std::string_view tag,
                   float value) {
  *at++ = key(pb::event::kWallTime, WireType::fixed64);
  at = put_fixed(at, wall_seconds);
  if (step != 0) {
    *at++ = key(pb::event::kStep, WireType::varint);
    at = put_varint(at, static_cast<std::uint64_t>(step));
  }
  *at++ = key(pb::event::kSummary, WireType::bytes);
  at = put_varint(at, sizes.summary);
  *at++ = key(pb::summary::kValue, WireType::bytes);
  at = put_varint(at, sizes.value);
  *at++ = key(pb::value::kTag, WireType::bytes);
  at = put_varint(at, tag.size());
  std::memcpy(at, tag.data(), tag.size());
  at += tag.size();
  *at++ = key(pb::value::kSimpleValue, WireType::fixed32);
  put_fixed(at, value);
}

std::string encode_histogram(double wall_seconds, Step step, std::string_view tag, const Histogram& histogram) {
  WireWriter histo;
  histo.fixed64(pb::histo::kMin, histogram.min);
  histo.fixed64(pb::histo::kMax, histogram.max);
  histo.fixed64(pb::histo::kNum, histogram.count);
  histo.fixed64(pb::histo::kSum, histogram.sum);
  histo.fixed64(pb::histo::kSumSquares, histogram.sum_squares);
  histo.packed(pb::histo::kBucketLimit, histogram.bucket_limits.data(), histogram.bucket_limits.size());
  histo.packed(pb::histo::kBucket, histogram.bucket_counts.data(), histogram.bucket_counts.size());
  WireWriter value = value_of(tag);
  value.message(pb::value::kHisto, histo);
  return event_of(wall_seconds, step, value);
}

std::string encode_image(double wall_seconds, Step step, std::string_view tag, ImageSize size,
                         std::string_view encoded) {
  WireWriter image;
  image.varint(pb::image::kHeight, static_cast<std::uint64_t>(size.height));
  image.varint(pb::image::kWidth, static_cast<std::uint64_t>(size.width));
  image.varint(pb::image::kColorspace, static_cast<std::uint64_t>(size.channels));
  image.bytes(pb::image::kEncoded, encoded);
  WireWriter value = value_of(tag);
  value.message(pb::value::kImage, image);
  return event_of(wall_seconds, step, value);
}

std::string encode_text(double wall_seconds, Step step, std::string_view tag, std::string_view markdown) {
  WireWriter tensor;
  tensor.varint(pb::tensor::kDtype, pb::tensor::kString);
  tensor.bytes(pb::tensor::kShape, "");
  tensor.bytes(pb::tensor::kStringVal, markdown);
  WireWriter value = value_of(tag);
  value.message(pb::value::kTensor, tensor);
  value.message(pb::value::kMetadata, metadata_of("text", ""));
  return event_of(wall_seconds, step, value);
}

std::string encode_tensor(double wall_seconds, Step step, std::string_view tag, std::span<const std::int64_t> shape,
                          std::span<const float> values, std::string_view plugin) {
  WireWriter value = value_of(tag);
  value.message(pb::value::kTensor, float_tensor(shape, values));
  value.message(pb::value::kMetadata, metadata_of(plugin, ""));
  return event_of(wall_seconds, step, value);
}

std::string encode_hparams_experiment(double wall_seconds, const nlohmann::json& values,
                                      const std::vector<std::string>& metric_tags) {
  namespace hp = pb::hparams;
  WireWriter experiment;
  experiment.fixed64(hp::kTimeCreatedSecs, wall_seconds);
  for (const auto& [name, value] : object_of(values).items()) {
    if (value.is_null()) continue;
    WireWriter info;
    info.bytes(hp::kInfoName, name);
    info.varint(hp::kInfoType, value.is_boolean()  ? hp::kTypeBool
                               : value.is_number() ? hp::kTypeFloat64
                                                   : hp::kTypeString);
    experiment.message(hp::kHparamInfos, info);
  }
  for (const std::string& tag : metric_tags) {
    WireWriter name;
    name.bytes(hp::kNameTag, tag);
    WireWriter info;
    info.message(hp::kMetricName, name);
    experiment.message(hp::kMetricInfos, info);
  }
  return hparams_event(wall_seconds, "_hparams_/experiment", hp::kExperiment, experiment);
}

std::string encode_hparams_session(double wall_seconds, const nlohmann::json& values) {
  namespace hp = pb::hparams;
  WireWriter start;
  for (const auto& [name, value] : object_of(values).items()) {
    if (value.is_null()) continue;
    WireWriter content;
    if (value.is_boolean())
      content.varint(hp::kBoolValue, value.get<bool>() ? 1 : 0);
    else if (value.is_number())
      content.fixed64(hp::kNumberValue, value.get<double>());
    else
      content.bytes(hp::kStringValue, text_of(value));
    WireWriter entry;
    entry.bytes(hp::kEntryKey, name);
    entry.message(hp::kEntryValue, content);
    start.message(hp::kStartHparams, entry);
  }
  start.fixed64(hp::kStartTimeSecs, wall_seconds);
  return hparams_event(wall_seconds, "_hparams_/session_start_info", hp::kSessionStartInfo, start);
}

std::string encode_hparams_session_end(double wall_seconds, bool success) {
  namespace hp = pb::hparams;
  WireWriter end;
  end.varint(hp::kEndStatus, success ? hp::kSuccess : hp::kFailure);
  end.fixed64(hp::kEndTimeSecs, wall_seconds);
  return hparams_event(wall_seconds, "_hparams_/session_end_info", hp::kSessionEndInfo, end);
}

}  // namespace ablate
