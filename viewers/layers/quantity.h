#pragma once

#include <span>
#include <string>

namespace ablate {

/// A number that a run logs for every layer of a kind.
struct LayerQuantity {
  enum class Scale {
    from_zero,    ///< 0 to the largest
    share,        ///< 0 to 1
    around_zero,  ///< as far to either side
    decades,      ///< positive, by its logarithm
  };
  const char* name;   ///< before people, of one layer
  const char* group;  ///< its tag is "<group>/<layer>/<suffix>"
  const char* suffix;
  const char* meaning;
  Scale scale;

  std::string tag(const std::string& layer) const;
};

/// Of norm layers ("norm/<place of use>/gap") and of all layers with weights ("layers/<layer>/…"), the gap first.
std::span<const LayerQuantity> layer_quantities();

}  // namespace ablate
