#include "sweeps/pruners/none.h"

namespace ablate {
namespace {

class NonePruner : public Pruner {
 public:
  Verdict judge(const Study&, const Trial&) const override { return Verdict::go_on; }
};

}  // namespace

std::unique_ptr<Pruner> make_none_pruner(Fields&, Step) { return std::make_unique<NonePruner>(); }

}  // namespace ablate
