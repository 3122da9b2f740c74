#include "viewers/ribbons.h"

#include <gtest/gtest.h>
#include <implot.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "viewers/series_plot.h"

namespace ablate {
namespace {

constexpr int kWidth = 400, kHeight = 300;

/// Colours of pixels, as their centres are covered by the triangles of a draw list, the last in front; without
/// textures or clipping.
class Pixels {
 public:
  void draw(const ImDrawList& list) {
    for (const ImDrawCmd& command : list.CmdBuffer)
      for (unsigned i = 0; i + 2 < command.ElemCount; i += 3) {
        const auto corner = [&](unsigned which) {
          return list.VtxBuffer[static_cast<int>(list.IdxBuffer[static_cast<int>(command.IdxOffset + i + which)] +
                                                 command.VtxOffset)];
        };
        fill(corner(0), corner(1), corner(2));
      }
  }
  bool operator==(const Pixels&) const = default;
  int drawn() const {
    return static_cast<int>(std::count_if(all_.begin(), all_.end(), [](ImU32 color) { return color != 0; }));
  }

 private:
  void fill(const ImDrawVert& a, const ImDrawVert& b, const ImDrawVert& c) {
    const auto [left, right] = std::minmax({a.pos.x, b.pos.x, c.pos.x});
    const auto [top, bottom] = std::minmax({a.pos.y, b.pos.y, c.pos.y});
    const auto side = [](const ImDrawVert& p, const ImDrawVert& q, float x, float y) {
      return (q.pos.x - p.pos.x) * (y - p.pos.y) - (q.pos.y - p.pos.y) * (x - p.pos.x);
    };
    for (int row = std::max(0, static_cast<int>(top) - 1); row <= std::min(kHeight - 1, static_cast<int>(bottom));
         ++row)
      for (int column = std::max(0, static_cast<int>(left) - 1);
           column <= std::min(kWidth - 1, static_cast<int>(right)); ++column) {
        const float x = static_cast<float>(column) + 0.5f, y = static_cast<float>(row) + 0.5f;
        const float ab = side(a, b, x, y), bc = side(b, c, x, y), ca = side(c, a, x, y);
        if ((ab >= 0 && bc >= 0 && ca >= 0) || (ab <= 0 && bc <= 0 && ca <= 0))
          all_[static_cast<std::size_t>(row * kWidth + column)] = a.col;
      }
  }
  std::vector<ImU32> all_ = std::vector<ImU32>(static_cast<std::size_t>(kWidth * kHeight));
};

class RibbonsTest : public testing::Test {
 protected:
  RibbonsTest() {
    ImGui::CreateContext();
    ImPlot::CreateContext();
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.DisplaySize = {kWidth, kHeight};
    io.BackendFlags |= ImGuiBackendFlags_RendererHasTextures | ImGuiBackendFlags_RendererHasVtxOffset;
  }
  ~RibbonsTest() override {
    ImPlot::DestroyContext();
    ImGui::DestroyContext();
  }

  /// What `draw_lines` draws into a plot.
  Pixels drawn(const std::function<void()>& draw_lines, double x_max = 1) {
    ImGui::NewFrame();
    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize({kWidth, kHeight});
    ImGui::Begin("plot", nullptr, ImGuiWindowFlags_NoDecoration);
    Pixels pixels;
    if (ImPlot::BeginPlot("##plot", {-1, -1}, ImPlotFlags_CanvasOnly)) {
      ImPlot::SetupAxesLimits(0, x_max, 0, 1, ImPlotCond_Always);
      ImPlot::SetupFinish();
      ImDrawList& list = *ImPlot::GetPlotDrawList();
      const int before = list.CmdBuffer.Size;
      list.AddDrawCmd();
      draw_lines();
      ImDrawList mine(ImGui::GetDrawListSharedData());
      mine.VtxBuffer = list.VtxBuffer;
      mine.IdxBuffer = list.IdxBuffer;
      for (int i = before; i < list.CmdBuffer.Size; ++i) mine.CmdBuffer.push_back(list.CmdBuffer[i]);
      pixels.draw(mine);
      mine.CmdBuffer.clear();
      ImPlot::EndPlot();
    }
    ImGui::End();
    ImGui::Render();
    return pixels;
  }

  /// Noise around a height that rises or falls, with a gap.
  static VisibleLine line(unsigned seed) {
    std::mt19937 random(seed);
    std::vector<double> x, y;
    const double from = std::uniform_real_distribution<>(0, 1)(random),
                 to = std::uniform_real_distribution<>(0, 1)(random);
    const double scatter = std::uniform_real_distribution<>(0.001, 0.2)(random);
    for (int i = 0; i < 5000; ++i) {
      x.push_back(i / 5000.0);
      y.push_back(from + (to - from) * x.back() + scatter * std::normal_distribution<>()(random));
    }
    for (std::size_t i = 2000; i < 2000 + seed * 50; ++i) y[i] = std::numeric_limits<double>::quiet_NaN();
    x.erase(x.begin() + 3000, x.begin() + 3300);  // A straight piece.
    y.erase(y.begin() + 3000, y.begin() + 3300);
    return visible_line(x, y, 0, 1, kWidth);
  }
};

TEST_F(RibbonsTest, LookAsIfNothingHadBeenLeftOut) {
  for (unsigned seed = 1; seed < 6; ++seed) {
    std::vector<VisibleLine> lines;
    for (unsigned i = 0; i < 6; ++i) lines.push_back(line(6 * seed + i));
    std::vector<Stroke> strokes;
    for (std::size_t i = 0; i < lines.size(); ++i)
      strokes.push_back({&lines[i], {0.1f * static_cast<float>(i), 0.5f, 0.9f}, i == 3 ? 0.5f : 1.0f, 1.5f});
    const Pixels wanted = drawn([&] {
      for (const Stroke& stroke : strokes) Ribbons().draw({&stroke, 1});
    });
    EXPECT_GT(wanted.drawn(), 2000);
    Ribbons ribbons;
    EXPECT_EQ(drawn([&] { ribbons.draw(strokes); }), wanted) << seed;
    EXPECT_EQ(drawn([&] { ribbons.draw(strokes); }), wanted) << "as it was kept, " << seed;
  }
}

TEST_F(RibbonsTest, EveryColumnOfManyPointsIsDrawnFromItsLeastToItsGreatest) {
  std::mt19937 random(1);
  ScalarColumn points;
  std::vector<double> x, y;
  for (int i = 0; i < 200'000; ++i) {
    points.push_back({i, 1e9 + i, (i % 2 == 0 ? 0.25 : 0.75) + 1e-6 * std::normal_distribution<>()(random)});
    x.push_back(4e-6 * i), y.push_back(points.back().value);
  }
  PlotSeries series;
  series.update(points, XAxis::epoch, 0, 4e-6);
  const auto drawn_of = [&](const std::function<VisibleLine(int)>& line_of) {
    return drawn([&] {
      const VisibleLine line = line_of(static_cast<int>(ImPlot::GetPlotSize().x));
      const Stroke stroke{&line, {1, 0, 0}, 1, 1.5f};
      Ribbons().draw({&stroke, 1});
    });
  };
  const Pixels wanted = drawn_of([&](int columns) { return visible_line(x, y, 0, 1, columns); });
  EXPECT_GT(wanted.drawn(), 30'000);
  EXPECT_EQ(drawn_of([&](int columns) { return series.raw(0, 1, columns); }), wanted);
}

TEST_F(RibbonsTest, AreMadeAnewWhereAnythingIsOther) {
  VisibleLine one = line(1);
  const VisibleLine two = line(2);
  std::vector<Stroke> strokes{{&one, {1, 0, 0}, 1, 1.5f}};
  Ribbons ribbons;
  const auto draw = [&] { ribbons.draw(strokes); };
  const Pixels first = drawn(draw);
  EXPECT_NE(drawn(draw, 2), first) << "another axis";
  EXPECT_EQ(drawn(draw), first);
  strokes[0].color = {0, 1, 0};
  EXPECT_NE(drawn(draw), first) << "another colour";
  strokes[0].color = {1, 0, 0};
  one = two;
  EXPECT_NE(drawn(draw), first) << "another line in the same place";
}

}  // namespace
}  // namespace ablate
