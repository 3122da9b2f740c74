#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// One sample that runs show pictures of, held out or of the gallery. Runs have the same one where they name the same
/// data and the same sample in it, whatever its number there; where names are missing, the number counts.
struct PreviewRow {
  std::string key;   ///< tells samples apart
  std::string name;  ///< the sample's, else "held out 4"
  bool gallery = false;
  std::map<const RunView*, std::string> prefixes;  ///< of its tags, without the last slash: "preview/3"

  /// A tag of the sample in `run`; one that no run has where it has not this sample.
  std::string tag(const RunView& run, const std::string& output) const;
};

/// One output of one run: a column beside input and target.
struct PreviewColumn {
  const RunView* run = nullptr;
  std::string output;  ///< last part of the tag, "prediction"
};

/// Everything there is to show of `runs` side by side.
struct PreviewTable {
  std::vector<PreviewRow> rows;  ///< held-out samples by number, then the gallery
  std::vector<PreviewColumn> columns;
  std::vector<Step> steps;  ///< at which any output was written, ascending
  bool one_output = true;   ///< no run has more than one, so that the run's name says it all
};
PreviewTable preview_table(const std::vector<const RunView*>& runs);

/// Samples by the IoU that `iou_of` says, the lowest first; those that have none behind them, as they were.
void sort_worst_first(std::vector<PreviewRow>& rows,
                      const std::function<std::optional<double>(const PreviewRow&)>& iou_of);

/// The newest picture at or before `step`; nullptr where there is none.
const ImagePoint* picture_at(const RunView& run, const std::string& tag, Step step);
/// The first picture of a tag that doesn't change (input, target); nullptr where there is none.
const ImagePoint* constant_picture(const RunView& run, const std::string& tag);

}  // namespace ablate
