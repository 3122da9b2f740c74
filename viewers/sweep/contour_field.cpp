#include "viewers/sweep/contour_field.h"

#include <limits>

namespace ablate {
namespace {

constexpr int kCells = 96;            // Along a number.
constexpr double kSigma = 0.035;      // Of the weights, as a share of an axis.
constexpr double kNear = 2 * kSigma;  // So near a trial has to be for anything to be said.

int cells_of(const StudyAxis& axis) { return axis.choices.empty() ? kCells : static_cast<int>(axis.choices.size()); }

/// What a trial adds to the cells around it.
struct Sums {
  double weight = 0, value = 0;
  bool near = false;
};

}  // namespace

ContourField contour_field(const Study& study, const StudyAxis& x, const StudyAxis& y, const StudyAxis& objective) {
  ContourField field{cells_of(x), cells_of(y), {}, 0};
  std::vector<Sums> sums(static_cast<std::size_t>(field.columns * field.rows));
  // Cells within reach of a position, and how far their centres are; of a category its own alone.
  const auto reach = [](const StudyAxis& axis, int cells, double position) {
    struct Cell {
      int index;
      double distance;
    };
    std::vector<Cell> found;
    if (!axis.choices.empty()) {
      found.push_back({static_cast<int>(position * cells), 0});
      return found;
    }
    const int from = std::max(0, static_cast<int>((position - 3 * kSigma) * cells));
    const int to = std::min(cells - 1, static_cast<int>((position + 3 * kSigma) * cells));
    for (int i = from; i <= to; ++i) found.push_back({i, (i + 0.5) / cells - position});
    return found;
  };
  for (const Trial& trial : study.trials) {
    const int number = trial.number;
    if (trial.state != TrialState::complete || !x.has(number) || !y.has(number) || !objective.has(number)) continue;
    ++field.trials;
    const auto columns = reach(x, field.columns, x.position(x.of(number)));
    for (const auto& row : reach(y, field.rows, y.position(y.of(number))))
      for (const auto& column : columns) {
        const double square = row.distance * row.distance + column.distance * column.distance;
        const double weight = std::exp(-square / (2 * kSigma * kSigma));
        Sums& cell = sums[static_cast<std::size_t>(row.index * field.columns + column.index)];
        cell.weight += weight;
        cell.value += weight * objective.of(number);
        cell.near |= square <= kNear * kNear;
      }
  }
  for (const Sums& cell : sums)
    field.cells.push_back(cell.near ? cell.value / cell.weight : std::numeric_limits<double>::quiet_NaN());
  return field;
}

}  // namespace ablate
