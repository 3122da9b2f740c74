#include "viewers/layers/quantity.h"

#include <array>

namespace ablate {

std::string LayerQuantity::tag(const std::string& layer) const {
  return std::string(group) + "/" + layer + "/" + suffix;
}

std::span<const LayerQuantity> layer_quantities() {
  using Scale = LayerQuantity::Scale;
  static constexpr std::array kQuantities{
      LayerQuantity{"gap", "norm", "gap", "|running − batch mean| / batch sigma", Scale::from_zero},
      LayerQuantity{"gradient norm", "layers", "gradient_norm", "|gradient| of a layer's weights, before clipping",
                    Scale::decades},
      LayerQuantity{"update ratio", "layers", "update_ratio", "|step| / |weights|; about 1e-3 is usual",
                    Scale::decades},
      LayerQuantity{"weight norm", "layers", "weight_norm", "|weights|", Scale::decades},
      LayerQuantity{"input mean", "layers", "input_mean", "mean of what a layer is given", Scale::around_zero},
      LayerQuantity{"input std", "layers", "input_std", "standard deviation of what a layer is given", Scale::decades},
      LayerQuantity{"input zeros", "layers", "input_zeros",
                    "share of zeros in what a layer is given: units that are off", Scale::share},
  };
  return kQuantities;
}

}  // namespace ablate
