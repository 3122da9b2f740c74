#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runs/run_writer.h"
#include "runs/types.h"
#include "runs/wire.h"

namespace ablate {

// A tensorboard.Event taken apart, as far as we read it. Views point into the record.

/// tensorboard.TensorProto. The typed lists stay encoded until it is known what for (tensor_values.h).
struct TensorFields {
  struct Numbers {
    std::uint32_t field;
    WireType type;
    std::uint64_t number;    ///< one element, for the number types
    std::string_view bytes;  ///< packed elements, or one string, for WireType::bytes
  };
  std::uint64_t dtype = 0;
  std::vector<std::int64_t> shape;
  std::string_view content;
  std::vector<Numbers> lists;

  void clear();
};

struct ImageFields {
  int height = 0, width = 0, channels = 0;
  std::string_view encoded;
};

/// tensorboard.Summary.Value
struct ValueFields {
  enum class What { nothing, scalar, old_histogram, image, histogram, audio, tensor };

  std::string_view message;  ///< all of it
  std::string_view tag;
  std::string_view node_name;
  bool has_metadata = false;
  std::string_view plugin;
  std::string_view plugin_content;  ///< the plugin's own
  std::uint64_t data_class = 0;
  What what = What::nothing;
  float scalar = 0;
  ImageFields image;
  Histogram histogram;
  TensorFields tensor;

  void clear();
};

struct EventFields {
  enum class What { nothing, file_version, graph, summary, log_message, session_log, tagged_run_metadata, meta_graph };

  double wall_seconds = 0;
  Step step = 0;
  What what = What::nothing;
  std::string_view file_version;
  bool session_start = false;
  std::string_view run_metadata_tag;

  std::size_t value_count() const { return used_; }
  const ValueFields& value(std::size_t i) const { return values_[i]; }

  void clear();
  ValueFields& add_value();
  void clear_values() { used_ = 0; }

 private:
  std::vector<ValueFields> values_;  ///< the first `used_` count; the others keep their memory for the next event
  std::size_t used_ = 0;
};

/// Fills `event` from a record by proto3's rules (unknown fields skipped, split messages merged, the last member of a
/// oneof wins). False when it is no legal message; `event` is then of no use.
bool decode_event(std::string_view record, EventFields& event);

/// A record as nearly all are: one scalar, in the order of its fields and with nothing else.
struct ScalarFields {
  double wall_seconds = 0;
  Step step = 0;
  std::string_view tag;  ///< not checked for being UTF-8
  float value = 0;
};
/// False for any other record, legal or not: decode_event() says more of it.
bool decode_scalar(std::string_view record, ScalarFields& scalar);

/// The same for one value; `value` is cleared first.
bool decode_value(std::string_view message, ValueFields& value);

}  // namespace ablate
