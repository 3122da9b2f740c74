#pragma once

#include <set>
#include <string>
#include <vector>

#include "viewers/panel.h"

namespace ablate {

/// What runs log besides scalars, whoever wrote it.
enum class Logged { images, histograms, texts };
inline constexpr const char* kLogged[] = {"images", "histograms", "texts"};

/// Its tags in any of the runs, by name.
std::vector<std::string> tags_of(const std::vector<const RunView*>& runs, Logged kind);

/// Those shown while nobody has chosen: what other panels show already (previews, layers) comes last, and of many the
/// first dozen will do.
std::set<std::string> usual_tags(const std::vector<std::string>& tags);

/// The steps of any of these tags in any of the runs, ascending.
std::vector<Step> steps_of(const std::vector<const RunView*>& runs, const std::set<std::string>& tags, Logged kind);

}  // namespace ablate
