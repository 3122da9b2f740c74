#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runs/series.h"
#include "viewers/layers/quantity.h"

namespace ablate {

/// Of a table that a panel draws: more than it has pixels for is of no use.
inline constexpr int kMostColumns = 240;

/// Rows over steps, resampled to columns of equal width: each cell holds the newest value at or before its right edge.
struct StepTable {
  std::vector<std::string> rows;
  int columns = 0;
  double first_step = 0, last_step = 0;  ///< the left edge of the first and the right edge of the last column
  std::vector<float> cells;              ///< {row, column}; NaN where nothing was logged yet
  float largest = 0;  ///< greatest finite magnitude in the later half: at the start everything is far off
  float peak = 0;     ///< greatest finite magnitude anywhere
  float at(std::size_t row, int column) const {
    return cells[row * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)];
  }
};

/// Layers of which the quantity was logged, in the order of the network: encoder, bottom, decoder, then others.
std::vector<std::string> layers_with(const RunData& data, const LayerQuantity& quantity);

/// The quantity of every layer over time; at most `most_columns` columns. No rows where the run has none. `beside`: the
/// layers of a run that it is compared with, which have a row too, if an empty one.
StepTable layer_table(const RunData& data, const LayerQuantity& quantity, int most_columns,
                      const std::vector<std::string>& beside = {});

/// Whether anything of the layer can be seen.
bool has_layer(const RunData& data, const std::string& layer);

/// Which of a layer's per-channel statistics.
enum class Statistic { mean, variance };

/// Channel by channel, how far the running statistic is from the batch's: (running − batch)/σ of the batch for the
/// mean, ln(running/batch) for the variance. Rows are "0", "1", …
StepTable channel_table(const RunData& data, const std::string& layer, Statistic statistic, int most_columns);

/// One channel's statistic over time: running, and the batch's at every place that uses these running statistics.
struct ChannelHistory {
  std::vector<double> step, running;
  struct Place {
    std::string layer;
    std::vector<double> step, batch;
  };
  std::vector<Place> places;  ///< the layer that was asked for first
};
ChannelHistory channel_history(const RunData& data, const std::string& layer, Statistic statistic, std::size_t channel);

}  // namespace ablate
