#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/training/networks.h"
#include "experiments/training/operations.h"
#include "experiments/training/optimizers.h"

namespace ablate {

/// What single training steps do to every layer that has weights and is trained: what it is given, how large its
/// weights and gradients are, and how far a step moves it. Looks at the operations of a pass, so networks need know
/// nothing of it; the pass stays the same, bit for bit. Used by the thread that trains.
class LayerActivity {
 public:
  explicit LayerActivity(const std::vector<Network>& networks);

  /// Around the forward and backward pass of a batch.
  void begin_batch();
  void end_batch();
  /// Between backward pass and step, with gradients that are ready and not clipped yet.
  void look_at_gradients(const Optimizer& optimizer);

  /// Of one layer ("down1.conv1"), its weights and biases taken together; nullopt where it was given nothing, or got no
  /// gradient. `input_*`: of all values that a convolution (or a matrix product) was given, over the batches; of
  /// a network with ReLUs the share of zeros is that of units which are off. Of several updates within a step the
  /// gradient is the last one's, and the step that of all.
  struct Layer {
    std::string name;
    std::optional<double> input_mean, input_std, input_zeros;
    double weight_norm;                   ///< Euclidean, before the step
    std::optional<double> gradient_norm;  ///< Euclidean
    std::optional<double> update_ratio;   ///< ‖step‖ / ‖weights before it‖
  };
  /// In order of registration; forgets what was seen. After the step. Waits for the device once.
  std::vector<Layer> take();

 private:
  struct Parameter {
    std::size_t layer;
    torch::Tensor tensor, before, gradient_norm;
  };
  void look(std::string_view operation, c10::ArrayRef<const c10::IValue> inputs);

  std::vector<std::string> layers_;
  std::vector<Parameter> parameters_;
  std::map<const void*, std::size_t> by_tensor_;  ///< index into parameters_
  std::unique_ptr<Operations> watching_;
  struct Input {
    std::size_t layer;
    double count;          ///< of values
    torch::Tensor values;  ///< {mean, mean square, share of zeros}
  };
  std::vector<Input> inputs_;  ///< one a call
};

}  // namespace ablate
