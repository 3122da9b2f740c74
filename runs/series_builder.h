#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runs/event_decoding.h"
#include "runs/series.h"

namespace ablate {

/// Builds a run's series from its events, in order: which tag is of which kind, what a restart drops. The rules are
/// those of TensorBoard's dashboard (ARCHITECTURE.md, "Reading event files"). One thread.
class SeriesBuilder {
 public:
  /// The events that follow are those of file number `file`, from its beginning.
  void begin_file(std::uint32_t file);

  /// A record, whose own bytes begin at `record_offset` of the current file, and what it says.
  void add(const EventFields& event, std::string_view record, std::uint64_t record_offset);

  /// The same of a record that is one scalar, where its tag is known to hold scalars and nothing is to be dropped:
  /// nearly always. False, with nothing done, where that is not so.
  bool add(const ScalarFields& scalar);

  /// A record with right checksums that is no event.
  void add_undecodable(std::uint64_t record_offset);

  /// Whether the event added last has done more than to add points to scalars that were there: then it has to be told
  /// again to a builder that is to adopt what this one has of scalars.
  bool needs_event() const { return needs_event_; }
  /// Whether that makes one like this. Not after a file of the older form behind newer ones: what it drops hangs on the
  /// steps of all events before it.
  bool can_be_adopted() const { return can_be_adopted_; }

  /// What there is of scalars. `adopt` is for a builder that was told, in order, every event for which another one
  /// `needs_event`, and makes it like that one; false where it can't be, and nothing is to be done with it any more.
  struct Scalars {
    struct OfTag {
      ScalarColumn points;
      std::vector<ScalarColumn> dropped;  ///< as in RunData
      Step highest_step = 0;
    };
    std::map<std::string, OfTag> tags;
    Step most_recent_step = -1;
  };
  Scalars scalars() const;
  bool adopt(Scalars scalars);

  /// `files`, `problems` and `version` are left empty.
  const RunData& series() const { return series_; }

  struct Problem {
    std::uint32_t file;
    std::uint64_t offset;  ///< of the first, in the file
    std::string what;
    std::size_t count;
  };
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  enum class Kind { unknown, scalar, histogram, image, text, tensor, layout, ignored };

  struct Metadata {
    std::string plugin;
    std::uint64_t data_class = 0;
  };

  /// A tensor of a tag without metadata: what it is, is known when some later value brings them.
  struct Bare {
    Step step;
    double wall_seconds;
    std::uint32_t file;
    std::uint64_t offset;  ///< of `message` in the file
    std::string message;   ///< tensorboard.Summary.Value
  };

  struct Tag {
    std::string name;
    Kind kind = Kind::unknown;
    bool has_metadata = false;  ///< the run's first one has been seen
    bool in_file = false;       ///< seen in the current file; then `file_first` holds
    Metadata file_first;        ///< of the tag's first value in the current file
    bool has_points = false;
    Step highest_step = 0;  ///< no point lies beyond it
    std::vector<Bare> bare;
    ScalarColumn* scalars = nullptr;  ///< in series_, once there are any
    Tag* next = nullptr;              ///< whose scalar came after one of this tag: programs log in the same order
  };

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  struct Place {
    Step step;
    double wall_seconds;
    std::uint32_t file;
    std::string_view record;
    std::uint64_t record_offset;
  };

  Tag& tag_of(std::string_view name);
  void purge(Tag& tag, Step from);
  void purge_if_restarted(const EventFields& event);
  void see_metadata(Tag& tag, const ValueFields& value);
  void set_kind(Tag& tag, const Metadata& metadata);
  void add_value(const ValueFields& value, const Place& place);
  void add_point(Tag& tag, const ValueFields& value, const Place& place);
  void add_scalar(Tag& tag, double value, const Place& place);
  bool add_histogram(Tag& tag, const ValueFields& value, const Place& place);
  bool add_image(Tag& tag, const ValueFields& value, const Place& place);
  bool add_layout(const ValueFields& value);
  bool add_text(Tag& tag, const ValueFields& value, const Place& place);
  bool add_tensor(Tag& tag, const ValueFields& value, const Place& place);
  void add_problem(std::uint32_t file, std::uint64_t record_offset, std::string what);

  RunData series_;
  std::unordered_map<std::string, Tag, Hash, std::equal_to<>> tags_;
  Tag* last_ = nullptr;  ///< whose scalar came last
  std::uint32_t file_ = 0;
  double file_version_ = 0;
  Step most_recent_step_ = -1;
  bool needs_event_ = false;
  bool can_be_adopted_ = true;
  std::vector<Problem> problems_;
  std::map<std::pair<std::uint32_t, std::string>, std::size_t> problem_index_;
};

}  // namespace ablate
