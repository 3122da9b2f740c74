#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "viewers/layers/heat_map.h"
#include "viewers/layers/layer_table.h"
#include "viewers/panel.h"

namespace ablate {

/// What a channel's history spans.
struct ChannelSpan {
  double last_step = 1;
  double low = INFINITY, high = -INFINITY;
  void widen(const ChannelSpan& other);
};

/// The channels of one norm layer of one run: how far each is off over time, and one of them with its running statistic
/// and that of the batches at every place that uses it.
class Channels {
 public:
  /// Cheap where nothing has changed. Begins with the channel that is off the most.
  void update(const RunView& run, const std::string& layer, Statistic statistic);
  const StepTable& table() const { return table_; }
  std::size_t channel() const { return channel_; }
  /// Nothing where there is no such channel.
  void choose(const RunView& run, std::size_t channel);
  /// Of the chosen channel's statistics, running and of batches.
  ChannelSpan span() const;
  /// `height` is shared by both pictures; two runs beside each other are drawn over one span. The channel that was
  /// pressed.
  std::optional<std::size_t> draw(const RunView& run, const HeatScale& scale, const ChannelSpan& span, float height);

 private:
  void draw_history(const RunView& run, const ChannelSpan& span, float height);

  std::string run_, layer_;
  Statistic statistic_ = Statistic::mean;
  std::uint64_t version_ = ~0ull;
  std::size_t channel_ = 0;
  StepTable table_;
  ChannelHistory history_;
};

}  // namespace ablate
