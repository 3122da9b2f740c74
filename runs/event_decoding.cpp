#include "runs/event_decoding.h"

#include "runs/event_fields.h"

namespace ablate {
namespace {

bool read_string(const WireReader& fields, std::string_view& text) {
  text = fields.bytes();
  return is_utf8(text);
}

bool decode_doubles(const WireReader& fields, std::vector<double>& values) {
  if (fields.is(WireType::fixed64)) {
    values.push_back(fields.fixed64());
  } else if (fields.is(WireType::bytes)) {
    const std::string_view bytes = fields.bytes();
    if (bytes.size() % sizeof(double) != 0) return false;
    const std::size_t before = values.size();
    values.resize(before + bytes.size() / sizeof(double));
    if (!bytes.empty()) std::memcpy(values.data() + before, bytes.data(), bytes.size());
  }
  return true;
}

bool decode_histogram(std::string_view message, Histogram& histogram) {
  namespace h = pb::histo;
  WireReader fields(message);
  while (fields.next()) {
    if (fields.field() == h::kBucketLimit) {
      if (!decode_doubles(fields, histogram.bucket_limits)) return false;
    } else if (fields.field() == h::kBucket) {
      if (!decode_doubles(fields, histogram.bucket_counts)) return false;
    } else if (fields.is(WireType::fixed64)) {
      switch (fields.field()) {
        case h::kMin:
          histogram.min = fields.fixed64();
          break;
        case h::kMax:
          histogram.max = fields.fixed64();
          break;
        case h::kNum:
          histogram.count = fields.fixed64();
          break;
        case h::kSum:
          histogram.sum = fields.fixed64();
          break;
        case h::kSumSquares:
          histogram.sum_squares = fields.fixed64();
          break;
        default:
          break;
      }
    }
  }
  return !fields.failed();
}

bool decode_image(std::string_view message, ImageFields& image) {
  namespace i = pb::image;
  WireReader fields(message);
  while (fields.next()) {
    if (fields.is(WireType::varint)) {
      const auto number = static_cast<std::int32_t>(fields.varint());
      if (fields.field() == i::kHeight) image.height = number;
      if (fields.field() == i::kWidth) image.width = number;
      if (fields.field() == i::kColorspace) image.channels = number;
    } else if (fields.is(WireType::bytes) && fields.field() == i::kEncoded) {
      image.encoded = fields.bytes();
    }
  }
  return !fields.failed();
}

bool decode_shape(std::string_view message, std::vector<std::int64_t>& shape) {
  WireReader fields(message);
  while (fields.next()) {
    if (fields.field() != pb::shape::kDim || !fields.is(WireType::bytes)) continue;
    std::int64_t size = 0;
    WireReader dim(fields.bytes());
    while (dim.next())
      if (dim.field() == pb::shape::kDimSize && dim.is(WireType::varint)) size = dim.signed_varint();
    if (dim.failed()) return false;
    shape.push_back(size);
  }
  return !fields.failed();
}

bool decode_tensor(std::string_view message, TensorFields& tensor) {
  namespace t = pb::tensor;
  WireReader fields(message);
  while (fields.next()) {
    switch (fields.field()) {
      case t::kDtype:
        if (fields.is(WireType::varint)) tensor.dtype = fields.varint();
        break;
      case t::kShape:
        if (fields.is(WireType::bytes) && !decode_shape(fields.bytes(), tensor.shape)) return false;
        break;
      case t::kContent:
        if (fields.is(WireType::bytes)) tensor.content = fields.bytes();
        break;
      case t::kFloatVal:
      case t::kDoubleVal:
      case t::kIntVal:
      case t::kStringVal:
      case t::kInt64Val:
      case t::kBoolVal:
      case t::kHalfVal:
      case t::kUint32Val:
      case t::kUint64Val:
        tensor.lists.push_back({fields.field(), fields.type(), fields.varint(), fields.bytes()});
        break;
      default:
        break;
    }
  }
  return !fields.failed();
}

bool decode_metadata(std::string_view message, ValueFields& value) {
  namespace m = pb::metadata;
  WireReader fields(message);
  while (fields.next()) {
    if (fields.is(WireType::varint)) {
      if (fields.field() == m::kDataClass) value.data_class = fields.varint();
      continue;
    }
    if (!fields.is(WireType::bytes)) continue;
    if ((fields.field() == m::kDisplayName || fields.field() == m::kDescription) && !is_utf8(fields.bytes()))
      return false;
    if (fields.field() != m::kPluginData) continue;
    WireReader plugin(fields.bytes());
    while (plugin.next()) {
      if (!plugin.is(WireType::bytes)) continue;
      if (plugin.field() == pb::plugin_data::kPluginName && !read_string(plugin, value.plugin)) return false;
      if (plugin.field() == pb::plugin_data::kContent) value.plugin_content = plugin.bytes();
    }
    if (plugin.failed()) return false;
  }
  return !fields.failed();
}

/// Makes `what` the value's content; a oneof that held something else begins anew.
template <class Fields>
void choose(ValueFields& value, ValueFields::What what, Fields& fields) {
  if (value.what != what) {
    if constexpr (requires { fields.clear(); })
      fields.clear();
    else
      fields = {};
  }
  value.what = what;
}

bool decode_summary(std::string_view message, EventFields& event) {
  WireReader fields(message);
  while (fields.next())
    if (fields.field() == pb::summary::kValue && fields.is(WireType::bytes) &&
        !decode_value(fields.bytes(), event.add_value()))
      return false;
  return !fields.failed();
}

bool decode_session_log(std::string_view message, EventFields& event) {
  WireReader fields(message);
  while (fields.next())
    if (fields.field() == pb::session_log::kStatus && fields.is(WireType::varint))
      event.session_start = fields.varint() == pb::session_log::kStart;
  return !fields.failed();
}

bool decode_run_metadata(std::string_view message, EventFields& event) {
  WireReader fields(message);
  while (fields.next())
    if (fields.field() == pb::tagged_run_metadata::kTag && fields.is(WireType::bytes) &&
        !read_string(fields, event.run_metadata_tag))
      return false;
  return !fields.failed();
}

void choose(EventFields& event, EventFields::What what) {
  if (event.what == what) return;
  event.what = what;
  event.clear_values();
  event.session_start = false;
  event.run_metadata_tag = {};
}

}  // namespace

void TensorFields::clear() {
  dtype = 0;
  shape.clear();
  content = {};
  lists.clear();
}

void ValueFields::clear() {
  message = tag = node_name = plugin = plugin_content = {};
  has_metadata = false;
  data_class = 0;
  what = What::nothing;
}

void EventFields::clear() {
  wall_seconds = 0;
  step = 0;
  what = What::nothing;
  file_version = run_metadata_tag = {};
  session_start = false;
  used_ = 0;
}

ValueFields& EventFields::add_value() {
  if (used_ == values_.size()) values_.emplace_back();
  return values_[used_++];
}

bool decode_scalar(std::string_view record, ScalarFields& scalar) {
  namespace v = pb::value;
  const char *at = record.data(), *const end = at + record.size();
  const auto is_key = [&](std::uint32_t field, WireType type) {
    return at != end && static_cast<std::uint8_t>(*at) == (field << 3 | static_cast<std::uint8_t>(type)) && ++at;
  };
  const auto reaches_the_end = [&](std::uint32_t field) {
    std::uint64_t size = 0;
    return is_key(field, WireType::bytes) && read_varint(at, end, size) && size == static_cast<std::uint64_t>(end - at);
  };
  if (!is_key(pb::event::kWallTime, WireType::fixed64) || end - at < 8) return false;
  std::memcpy(&scalar.wall_seconds, at, 8);
  at += 8;
  std::uint64_t step = 0, size = 0;
  if (is_key(pb::event::kStep, WireType::varint) && !read_varint(at, end, step)) return false;
  scalar.step = static_cast<Step>(step);
  if (!reaches_the_end(pb::event::kSummary) || !reaches_the_end(pb::summary::kValue)) return false;
  if (!is_key(v::kTag, WireType::bytes) || !read_varint(at, end, size) || size > static_cast<std::uint64_t>(end - at))
    return false;
  scalar.tag = {at, static_cast<std::size_t>(size)};
  at += size;
  if (!is_key(v::kSimpleValue, WireType::fixed32) || end - at != 4) return false;
  std::memcpy(&scalar.value, at, 4);
  return true;
}

bool decode_value(std::string_view message, ValueFields& value) {
  namespace v = pb::value;
  using What = ValueFields::What;
  value.clear();
  value.message = message;
  WireReader fields(message);
  while (fields.next()) {
    if (fields.is(WireType::fixed32)) {
      if (fields.field() != v::kSimpleValue) continue;
      value.what = What::scalar;
      value.scalar = fields.fixed32();
    }
    if (!fields.is(WireType::bytes)) continue;
    switch (fields.field()) {
      case v::kTag:
        if (!read_string(fields, value.tag)) return false;
        break;
      case v::kNodeName:
        if (!read_string(fields, value.node_name)) return false;
        break;
      case v::kMetadata:
        value.has_metadata = true;
        if (!decode_metadata(fields.bytes(), value)) return false;
        break;
      case v::kOldHistogram:
        value.what = What::old_histogram;
        break;
      case v::kAudio:
        value.what = What::audio;
        break;
      case v::kImage:
        choose(value, What::image, value.image);
        if (!decode_image(fields.bytes(), value.image)) return false;
        break;
      case v::kHisto:
        choose(value, What::histogram, value.histogram);
        if (!decode_histogram(fields.bytes(), value.histogram)) return false;
        break;
      case v::kTensor:
        choose(value, What::tensor, value.tensor);
        if (!decode_tensor(fields.bytes(), value.tensor)) return false;
        break;
      default:
        break;
    }
  }
  return !fields.failed();
}

bool decode_event(std::string_view record, EventFields& event) {
  namespace e = pb::event;
  using What = EventFields::What;
  event.clear();
  WireReader fields(record);
  while (fields.next()) {
    if (fields.is(WireType::fixed64) && fields.field() == e::kWallTime) event.wall_seconds = fields.fixed64();
    if (fields.is(WireType::varint) && fields.field() == e::kStep) event.step = fields.signed_varint();
    if (!fields.is(WireType::bytes)) continue;
    switch (fields.field()) {
      case e::kFileVersion:
        choose(event, What::file_version);
        if (!read_string(fields, event.file_version)) return false;
        break;
      case e::kGraphDef:
        choose(event, What::graph);
        break;
      case e::kSummary:
        choose(event, What::summary);
        if (!decode_summary(fields.bytes(), event)) return false;
        break;
      case e::kLogMessage:
        choose(event, What::log_message);
        break;
      case e::kSessionLog:
        choose(event, What::session_log);
        if (!decode_session_log(fields.bytes(), event)) return false;
        break;
      case e::kTaggedRunMetadata:
        choose(event, What::tagged_run_metadata);
        if (!decode_run_metadata(fields.bytes(), event)) return false;
        break;
      case e::kMetaGraphDef:
        choose(event, What::meta_graph);
        break;
      default:
        break;
    }
  }
  return !fields.failed();
}

}  // namespace ablate
