#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "experiments/training/doctor/diagnosis.h"
#include "experiments/training/layer_activity.h"
#include "runs/types.h"

namespace ablate {

/// What costs little to know while a run still trains and will not mend itself: kept in its findings.json until it is
/// examined at its end. One thread.
class EarlyFindings {
 public:
  /// `say`: told what is found, a line each.
  EarlyFindings(std::filesystem::path run, std::function<void(const std::string&)> say);

  /// What a step of training showed; nothing where it was not looked at. Two looks in a row have to show it:
  /// layers-not-updated (of layers that never had a gradient), dead-units.
  void look(Step step, const std::vector<LayerActivity::Layer>& layers);

  /// After a validation: what eval mode lost against train mode, in the primary metric. Where that is a lot for the
  /// second time in a row `shared_norm` is asked whether sharing is why (a lag may pass). Where it is not, not again
  /// before twice the step.
  void validated(Step step, double lost, const std::function<std::optional<Finding>()>& shared_norm);

  /// What the last look at the layers still showed, of what was kept.
  std::vector<Finding> still_seen() const;

 private:
  void keep(Step step, Finding finding);

  std::filesystem::path run_;
  std::function<void(const std::string&)> say_;
  std::vector<Finding> kept_;
  std::vector<std::string> seen_;        ///< causes of the last look
  std::set<std::string> with_gradient_;  ///< layers that had one in some look
  bool lost_before_ = false;
  Step not_before_ = 0;
};

}  // namespace ablate
