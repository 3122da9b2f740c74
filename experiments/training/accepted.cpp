#include "experiments/training/accepted.h"

#include "experiments/schedule.h"
#include "experiments/training/losses/losses.h"
#include "experiments/training/models/activations.h"
#include "experiments/training/models/registry.h"
#include "experiments/training/models/unet.h"
#include "experiments/training/optimizers.h"
#include "experiments/training/precision.h"
#include "experiments/training/task.h"

namespace ablate {

std::map<std::string, std::vector<std::string>> accepted_choices() {
  return {
      {"task", task_names()},
      {"model.name", model_names()},
      {"model.activation", activation_names()},
      {"model.norm", norm_names()},
      {"model.norm_sharing", norm_sharing_names()},
      {"model.residual", residual_names()},
      {"model.residual_in", residual_in_names()},
      {"model.skip", skip_names()},
      {"model.pool", pool_names()},
      {"model.up", up_names()},
      {"loss", loss_names()},
      {"optimizer.name", optimizer_names()},
      {"schedule.name", schedule_names()},
      {"train.precision", precision_names()},
  };
}

}  // namespace ablate
