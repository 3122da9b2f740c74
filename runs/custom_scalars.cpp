#include "runs/custom_scalars.h"

#include <functional>

#include "runs/event_fields.h"
#include "runs/wire.h"

namespace ablate {
namespace {

namespace cs = pb::custom_scalars;

void for_each_text(std::string_view message, const std::function<void(std::uint32_t, std::string_view)>& each) {
  for (WireReader fields(message); fields.next();)
    if (fields.is(WireType::bytes)) each(fields.field(), fields.bytes());
}

LoggedChart chart_of(std::string_view message, const std::string& category) {
  LoggedChart chart{category + ": ", {}, false};
  const auto take_tag = [&](std::string_view tag) {
    if (is_utf8(tag)) chart.tags.emplace_back(tag);
  };
  for_each_text(message, [&](std::uint32_t field, std::string_view content) {
    if (field == cs::kTitle && is_utf8(content)) chart.name += content;
    if (field != cs::kMultiline && field != cs::kMargin) return;
    chart.margins = field == cs::kMargin;
    for_each_text(content, [&](std::uint32_t, std::string_view tag_or_series) {
      if (!chart.margins) return take_tag(tag_or_series);
      for_each_text(tag_or_series, [&](std::uint32_t, std::string_view tag) { take_tag(tag); });
    });
  });
  return chart;
}

}  // namespace

std::vector<LoggedChart> decode_layout(std::string_view layout) {
  std::vector<LoggedChart> charts;
  for_each_text(layout, [&](std::uint32_t of_layout, std::string_view category) {
    if (of_layout != cs::kCategory) return;
    std::string title;
    for_each_text(category, [&](std::uint32_t field, std::string_view content) {
      if (field == cs::kTitle && is_utf8(content)) title = content;
      if (field == cs::kChart) charts.push_back(chart_of(content, title));
    });
  });
  return charts;
}

}  // namespace ablate
