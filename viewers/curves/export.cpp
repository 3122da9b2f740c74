#include "viewers/curves/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace ablate {
namespace {

/// As CSV has texts: in quotes where they need it.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return quoted + "\"";
}

/// The points of a series within the view.
std::pair<std::size_t, std::size_t> in_sight(const PlotSeries& series, const XView& view) {
  const auto points = series.by_x();
  const std::size_t begin = first_at(points, view.x.min);
  std::size_t end = first_at(points, view.x.max);
  while (end < points.size() && points.x(end) <= view.x.max) ++end;
  return {begin, end};
}

void append_lines(const Plot& plot, const XView& view, std::string& text) {
  auto out = std::back_inserter(text);
  for (const PlotLine& line : plot.lines) {
    const auto [begin, end] = in_sight(*line.series, view);
    const auto drawn = line.series->by_x();
    for (std::size_t i = begin; i < end; ++i) {
      const ScalarPoint point = line.series->points()[i];
      fmt::format_to(out, "{},{},{},{},{},{},{:.9g}\n", cell(plot.name), cell(line.run->info.name),
                     line.dropped ? "dropped" : cell(plot.kind_of(line)), point.step,
                     plot.difference ? "" : fmt::format("{}", point.wall_seconds), point.value, drawn.y(i));
    }
  }
}

void append_bands(const Plot& plot, const XView& view, std::string& text) {
  auto out = std::back_inserter(text);
  for (const PlotBand& band : plot.bands) {
    const auto [begin, end] = in_sight(band.series->mean(), view);
    const auto mean = band.series->mean().by_x(), low = band.series->low().by_x(), high = band.series->high().by_x();
    for (std::size_t i = begin; i < end; ++i)
      fmt::format_to(out, "{},{},{},{},{:.9g},{:.9g},{:.9g},{}\n", cell(plot.name), cell(band.name), cell(band.kind),
                     mean.x(i), mean.y(i), low.y(i), high.y(i), band.series->mean().points().step(i));
  }
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      default:
        if (static_cast<unsigned char>(letter) >= 0x20) result += letter;
    }
  }
  return result;
}

std::string hex(const Color& color) {
  const auto part = [&](std::size_t i) {
    return static_cast<int>(std::lround(255 * std::clamp(color[i], 0.0f, 1.0f)));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", part(0), part(1), part(2));
}

constexpr double kWidth = 900, kHeight = 420, kLeft = 70, kRight = 20, kTop = 40, kBottom = 45, kLegendLine = 18;

/// Where values lie in the picture of one plot.
struct Frame {
  XView view;
  Limits y;
  YScale scale = YScale::linear;
  double top = 0;

  static double part(double value, const Limits& limits, bool logarithmic) {
    if (!logarithmic) return (value - limits.min) / (limits.max - limits.min);
    return std::log(std::max(value, 1e-300) / limits.min) / std::log(limits.max / limits.min);
  }
  static double bent(double value) { return std::asinh(value / 2); }  // As ImPlot's symlog.
  double x_at(double x) const {
    return kLeft + part(x, view.x, view.scale == XScale::logarithmic) * (kWidth - kLeft - kRight);
  }
  double y_at(double value) const {
    const double share = scale == YScale::symmetric ? part(bent(value), {bent(y.min), bent(y.max)}, false)
                                                    : part(value, y, scale == YScale::logarithmic);
    return top + kHeight - kBottom - std::clamp(share, -1.0, 2.0) * (kHeight - kTop - kBottom);
  }
};

/// A path through a line's finite pieces.
std::string path_of(const VisibleLine& line, const Frame& frame) {
  std::string path;
  bool drawing = false;
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    if (std::isfinite(line.y[i]))
      path += fmt::format("{}{:.1f} {:.1f}", drawing ? "L" : "M", frame.x_at(line.x[i]), frame.y_at(line.y[i]));
    drawing = std::isfinite(line.y[i]);
  }
  return path;
}

void append_axes(const Plot& plot, const Frame& frame, std::string& svg) {
  auto out = std::back_inserter(svg);
  const double bottom = frame.top + kHeight - kBottom;
  fmt::format_to(out, "<text x=\"{}\" y=\"{:.0f}\" font-size=\"15\">{}</text>\n", kLeft, frame.top + 24,
                 escaped(plot.name));
  for (const double tick : round_ticks(frame.view.x, frame.view.scale == XScale::logarithmic, 9))
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/><text class=\"tick\" x=\"{0:.1f}\" "
                   "y=\"{3:.1f}\" text-anchor=\"middle\">{4:g}</text>\n",
                   frame.x_at(tick), frame.top + kTop, bottom, bottom + 16, tick);
  for (const double tick : round_ticks(frame.y, frame.scale == YScale::logarithmic, 7))
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{0} {1:.1f}H{2}\"/><text class=\"tick\" x=\"{3}\" y=\"{4:.1f}\" "
                   "text-anchor=\"end\">{5:g}</text>\n",
                   kLeft, frame.y_at(tick), kWidth - kRight, kLeft - 6, frame.y_at(tick) + 4, tick);
  constexpr const char* kNames[] = {"step", "seconds", "Unix time", "point"};
  fmt::format_to(out, "<text class=\"tick\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", kWidth / 2,
                 bottom + 34, kNames[static_cast<std::size_t>(frame.view.axis)]);
}

void append_plot(const Plot& plot, const Frame& frame, std::string& svg) {
  auto out = std::back_inserter(svg);
  append_axes(plot, frame, svg);
  const int columns = static_cast<int>(kWidth);
  const auto visible = [&](PlotSeries& series) -> const VisibleLine& {
    return series.smoothed(frame.view.x.min, frame.view.x.max, columns, frame.view.scale);
  };
  fmt::format_to(out,
                 "<g clip-path=\"url(#c{:.0f})\"><clipPath id=\"c{:.0f}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" "
                 "height=\"{}\"/></clipPath>\n",
                 frame.top, frame.top, kLeft, frame.top + kTop, kWidth - kLeft - kRight, kHeight - kTop - kBottom);
  for (const PlotBand& band : plot.bands) {
    VisibleLine edge = visible(band.series->low());
    const VisibleLine& high = visible(band.series->high());
    edge.x.insert(edge.x.end(), high.x.rbegin(), high.x.rend());
    edge.y.insert(edge.y.end(), high.y.rbegin(), high.y.rend());
    fmt::format_to(out, "<path d=\"{}Z\" fill=\"{}\" fill-opacity=\".18\"/>\n", path_of(edge, frame), hex(band.color));
  }
  const auto stroke = [&](PlotSeries& series, const Color& color, bool dashed, double opacity) {
    fmt::format_to(out, "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\" stroke-opacity=\"{}\"{}/>\n",
                   path_of(visible(series), frame), hex(color), opacity, dashed ? " stroke-dasharray=\"6 4\"" : "");
  };
  for (const PlotBand& band : plot.bands) stroke(band.series->mean(), band.color, band.train_mode, 1);
  if (plot.bands.empty())
    for (const PlotLine& line : plot.lines)
      stroke(*line.series, line.run->color, line.train_mode, line.dropped ? 0.35 : 1);
  svg += "</g>\n";
}

}  // namespace

std::string csv_of(const std::vector<Plot>& plots, const XView& view) {
  const bool bands = std::ranges::any_of(plots, [](const Plot& plot) { return !plot.bands.empty(); });
  std::string text = bands ? "plot,group,mode,x,mean,low,high,runs\n" : "plot,run,mode,step,wall_time,value,drawn\n";
  for (const Plot& plot : plots) bands ? append_bands(plot, view, text) : append_lines(plot, view, text);
  return text;
}

std::string svg_of(const std::vector<Plot>& plots, const XView& view, const std::vector<Limits>& y_limits) {
  std::vector<std::pair<std::string, Color>> legend;
  const auto named = [&](const std::string& name, const Color& color) {
    if (std::ranges::find(legend, name, [](const auto& each) { return each.first; }) == legend.end())
      legend.emplace_back(name, color);
  };
  for (const Plot& plot : plots) {
    for (const PlotBand& band : plot.bands) named(band.name, band.color);
    if (plot.bands.empty())
      for (const PlotLine& line : plot.lines) named(line.run->info.name, line.run->color);
  }
  const double legend_top = kHeight * static_cast<double>(plots.size());
  const double height = legend_top + kLegendLine * (static_cast<double>(legend.size()) + 1);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {:.0f}\" font-family=\"sans-serif\" "
      "font-size=\"13\">\n<style>.grid{{stroke:#ddd}}.tick{{fill:#555;font-size:12px}}</style>\n<rect width=\"100%\" "
      "height=\"100%\" fill=\"#fff\"/>\n",
      kWidth, height);
  for (std::size_t i = 0; i < plots.size(); ++i)
    append_plot(plots[i], {view, y_limits[i], plots[i].scale, kHeight * static_cast<double>(i)}, svg);
  for (std::size_t i = 0; i < legend.size(); ++i) {
    const double y = legend_top + kLegendLine * static_cast<double>(i);
    svg += fmt::format(
        "<rect x=\"{}\" y=\"{:.0f}\" width=\"12\" height=\"12\" rx=\"3\" fill=\"{}\"/><text x=\"{}\" "
        "y=\"{:.0f}\">{}</text>\n",
        kLeft, y, hex(legend[i].second), kLeft + 20, y + 11, escaped(legend[i].first));
  }
  return svg + "</svg>\n";
}

std::vector<double> round_ticks(const Limits& limits, bool logarithmic, std::size_t most) {
  std::vector<double> ticks;
  if (!(limits.max > limits.min)) return ticks;
  if (logarithmic && limits.min > 0 && limits.max > 20 * limits.min) {
    const double decades = std::log10(limits.max / limits.min);
    const int every = std::max(1, static_cast<int>(std::ceil(decades / static_cast<double>(most))));
    for (int power = static_cast<int>(std::ceil(std::log10(limits.min) - 1e-9)); std::pow(10, power) <= limits.max;
         power += every)
      ticks.push_back(std::pow(10, power));
    if (ticks.size() > 1) return ticks;
    ticks.clear();
  }
  const double rough = (limits.max - limits.min) / static_cast<double>(most);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double every = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * power >= rough) every = factor * power;
  for (double i = std::ceil(limits.min / every); i * every <= limits.max; ++i) ticks.push_back(i * every);
  return ticks;
}

}  // namespace ablate
