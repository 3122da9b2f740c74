#include "sweeps/pruners/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/near_match.h"

namespace ablate {

using nlohmann::json;

PrunerFields::PrunerFields(json fields)
    : where_(fmt::format("The pruner {}", fields.at("name").get<std::string>())), left_(std::move(fields)) {
  left_.erase("name");
}

json PrunerFields::any(const char* field) {
  asked_.emplace_back(field);
  const json value = left_.value(field, json(nullptr));
  left_.erase(field);
  return value;
}

Step PrunerFields::whole(const char* field, Step otherwise, Step low) {
  const json value = any(field);
  if (value.is_null()) return otherwise;
  if (!value.is_number_integer() || value.get<Step>() < low)
    throw Error(fmt::format("{}: \"{}\" is a whole number from {} on, not {}.", where_, field, low, json_text(value)));
  return value.get<Step>();
}

Step PrunerFields::whole_or_auto(const char* field, Step otherwise) {
  if (left_.value(field, json(nullptr)) == "auto") left_.erase(field);
  return whole(field, otherwise, 1);
}

double PrunerFields::number(const char* field, double otherwise, double low, double high) {
  const json value = any(field);
  if (value.is_null()) return otherwise;
  if (!value.is_number() || !(value.get<double>() >= low && value.get<double>() <= high))
    throw Error(
        fmt::format("{}: \"{}\" is a number {}, not {}.", where_, field,
                    std::isinf(high) ? fmt::format("from {:g} on", low) : fmt::format("within [{:g}, {:g}]", low, high),
                    json_text(value)));
  return value.get<double>();
}

void PrunerFields::refuse_others() const {
  if (left_.empty()) return;
  const std::string field = left_.begin().key();
  const std::vector<std::string> near = near_matches(field, asked_, 1);
  throw Error(fmt::format("{} knows no \"{}\". {}", where_, field,
                          !near.empty()    ? fmt::format("Did you mean \"{}\"?", near.front())
                          : asked_.empty() ? "It takes none."
                                           : fmt::format("It takes {}.", fmt::join(asked_, ", "))));
}

}  // namespace ablate
