#include "experiments/recorded_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/text.h"

namespace ablate {
namespace {

using json = nlohmann::json;

constexpr const char* kWanted = "Two columns are wanted, lr and loss; or JSON, as in [[1e-7, 0.7], [2e-7, 0.69]].";
constexpr std::string_view kAroundCells = " \t\r\"'";

bool is_lr(std::string_view name) { return name == "lr" || name == "lrs" || name == "learning_rate"; }
bool is_loss(std::string_view name) { return name == "loss" || name == "losses"; }

/// Takes the points in, each checked against the one before.
class Points {
 public:
  void add(double lr, double loss, const std::string& where) {
    if (!std::isfinite(lr) || lr <= 0)
      throw Error(fmt::format("{}: {:g} is no learning rate: it has to be above 0.", where, lr));
    if (!points_.empty() && lr <= points_.back().first)
      throw Error(
          fmt::format("{}: the learning rate {:g} does not rise above the one before, {:g}. A range test raises it at "
                      "every step.",
                      where, lr, points_.back().first));
    points_.emplace_back(lr, loss);
  }
  RecordedTest taken(const std::string& where) {
    if (points_.empty()) throw Error(fmt::format("{} holds no points. {}", where, kWanted));
    return std::move(points_);
  }

 private:
  RecordedTest points_;
};

/// One cell; "nan" and "inf" in any case are numbers.
std::optional<double> cell_number(std::string_view cell) {
  const std::string text(cell);
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) return std::nullopt;
  return value;
}

/// As a message may show it.
std::string shown(std::string_view cell) {
  return json(std::string(cell.substr(0, 40))).dump(-1, ' ', true, json::error_handler_t::replace);
}

std::vector<std::string_view> cells_of(std::string_view line, char separator) {
  std::vector<std::string_view> cells;
  if (separator != ' ') {
    for (std::size_t begin = 0; begin <= line.size();) {
      const std::size_t end = std::min(line.find(separator, begin), line.size());
      cells.push_back(trimmed(line.substr(begin, end - begin), kAroundCells));
      begin = end + 1;
    }
    return cells;
  }
  for (std::size_t begin = line.find_first_not_of(" \t\r"); begin != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
    cells.push_back(trimmed(line.substr(begin, end - begin), kAroundCells));
    begin = line.find_first_not_of(" \t\r", end);
  }
  return cells;
}

char separator_of(std::string_view line) {
  for (const char each : {',', ';', '\t'})
    if (line.find(each) != std::string_view::npos) return each;
  return ' ';
}

/// Which columns hold learning rate and loss.
struct Columns {
  std::size_t lr = 0, loss = 1;
};

std::optional<Columns> columns_named(const std::vector<std::string_view>& cells) {
  std::vector<std::string> names;
  for (const std::string_view cell : cells) {
    names.emplace_back(cell);
    std::ranges::transform(names.back(), names.back().begin(), [](char c) {
      return c == ' ' || c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  }
  const auto lr = std::ranges::find_if(names, is_lr), loss = std::ranges::find_if(names, is_loss);
  if (lr != names.end() && loss != names.end())
    return Columns{static_cast<std::size_t>(lr - names.begin()), static_cast<std::size_t>(loss - names.begin())};
  if (names.size() != 2) return std::nullopt;
  // No more than those two: what one is not, the other is.
  return lr == names.begin() + 1 || loss == names.begin() ? Columns{1, 0} : Columns{0, 1};
}

RecordedTest from_lines(std::string_view text, const std::string& where) {
  Points points;
  Columns columns;
  char separator = 0;
  std::size_t number = 0, wanted = 0;  // Lines, and cells of the first one.
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (trimmed(line).empty() || trimmed(line).starts_with('#')) continue;
    const std::string place = fmt::format("{}, line {}", where, number);
    const bool first = separator == 0;
    if (first) separator = separator_of(line);
    std::vector<std::string_view> cells = cells_of(line, separator);
    while (wanted > 0 && cells.size() > wanted && cells.back().empty()) cells.pop_back();
    if (first && std::ranges::none_of(cells, [](std::string_view cell) { return cell_number(cell).has_value(); })) {
      const auto named = columns_named(cells);
      if (!named) throw Error(fmt::format("{}: no columns are called lr and loss. {}", place, kWanted));
      columns = *named;
      wanted = cells.size();
      continue;
    }
    if (first && cells.size() != 2)
      throw Error(fmt::format("{}: {} without names. {}", place, counted(cells.size(), "column"), kWanted));
    if (wanted == 0) wanted = cells.size();
    if (cells.size() > wanted)
      throw Error(
          fmt::format("{}: {} cells, where there were {} before. Are these decimal commas? Write decimal points, or ; "
                      "between the columns.",
                      place, cells.size(), wanted));
    if (cells.size() <= std::max(columns.lr, columns.loss))
      throw Error(fmt::format("{}: there is no second number. {}", place, kWanted));
    const auto lr = cell_number(cells[columns.lr]), loss = cell_number(cells[columns.loss]);
    if (!lr || !loss)
      throw Error(fmt::format("{}: {} is no number. {}", place, shown(cells[lr ? columns.loss : columns.lr]), kWanted));
    points.add(*lr, *loss, place);
  }
  return points.taken(where);
}

/// The member whose name `is` the one wanted.
template <class Is>
const json* member(const json& object, Is is) {
  if (!object.is_object()) return nullptr;
  for (const auto& [name, value] : object.items())
    if (is(name)) return &value;
  return nullptr;
}

double number_at(const json* value, const std::string& place) {
  try {
    return number_of(value ? *value : json());
  } catch (const Error&) {
    throw Error(fmt::format("{}: no learning rate and loss. {}", place, kWanted));
  }
}

RecordedTest from_json(const json& document, const std::string& where) {
  Points points;
  const auto place = [&](std::size_t i) { return fmt::format("{}, point {}", where, i + 1); };
  const json *lrs = member(document, is_lr), *losses = member(document, is_loss);
  if (lrs && losses && lrs->is_array() && losses->is_array()) {
    if (lrs->size() != losses->size())
      throw Error(
          fmt::format("{}: {} learning rates and {} losses don't go together.", where, lrs->size(), losses->size()));
    for (std::size_t i = 0; i < lrs->size(); ++i)
      points.add(number_at(&(*lrs)[i], place(i)), number_at(&(*losses)[i], place(i)), place(i));
    return points.taken(where);
  }
  const json* list = document.is_object() && document.contains("points") ? &document["points"] : &document;
  if (!list->is_array()) throw Error(fmt::format("{} holds no list of points. {}", where, kWanted));
  if (list->size() == 2 &&
      std::ranges::all_of(*list, [](const json& each) { return each.is_array() && each.size() > 3; }))
    throw Error(fmt::format("{}: two lists without names. Write {{\"lr\": […], \"loss\": […]}}.", where));
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json& point = (*list)[i];
    const bool pair = point.is_array() && point.size() >= 2;
    points.add(number_at(pair ? &point[0] : member(point, is_lr), place(i)),
               number_at(pair ? &point[1] : member(point, is_loss), place(i)), place(i));
  }
  return points.taken(where);
}

}  // namespace

RecordedTest recorded_test_from(std::string_view text, const std::string& where) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (text[first] == '[' || text[first] == '{'))
    return from_json(parse_python_json(text, where), where);
  return from_lines(text, where);
}

RecordedTest read_recorded_test(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) throw Error(fmt::format("There is no file {}.", file.string()));
  return recorded_test_from(*text, file.string());
}

}  // namespace ablate
