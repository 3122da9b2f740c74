#include "experiments/training/doctor/doctor.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/training/doctor/data_faults.h"
#include "experiments/training/doctor/learning.h"
#include "experiments/training/doctor/norms.h"
#include "experiments/training/lengths.h"
#include "experiments/training/not_finite.h"
#include "experiments/training/precision.h"

namespace ablate {

Diagnosis examine(const Patient& patient, const TellTest& tell) {
  const RunConfig& config = patient.config;
  const DataSource& source = patient.data.source;
  const auto batches = [&](const std::vector<std::size_t>& indices, std::int64_t size) {
    return FixedBatches(source.dataset, indices, static_cast<std::size_t>(size), patient.device);
  };
  FixedBatches held_out = batches(source.held_out, validation_batch_size(config));
  FixedBatches training = batches(source.training, config.integer("train.batch_size"));
  Diagnosis diagnosis;
  if (source.training.empty() || source.held_out.empty()) {
    diagnosis.untested.emplace_back("anything: there are no samples to train on, or none to validate on");
    return diagnosis;
  }
  if (const auto weights = not_finite_weights(patient.task.networks())) {
    Finding finding;
    finding.cause = "not-finite";
    finding.layer = weights->substr(0, weights->rfind('.'));  // Of the parameter.
    finding.confidence = 0.99;
    finding.sentence =
        fmt::format("The weights {} are NaN or infinite: nothing that is computed with them means anything.", *weights);
    finding.cure = "go on from a checkpoint before that (RUN@STEP), with a lower learning rate";
    diagnosis.findings.push_back(finding);
    diagnosis.untested.emplace_back("anything else: with such weights it can't be");
    return diagnosis;
  }
  if (patient.steps == 0) {
    diagnosis.untested.emplace_back("running statistics, and the data by what is predicted: there is no checkpoint");
  } else {
    const Autocast mixed(autocast_type(config), patient.device);
    diagnosis = diagnose_norms(patient.task, held_out, training, patient.forwards, patient.over, tell);
    diagnose_data(patient, tell, diagnosis);
  }
  diagnose_learning(patient, tell, diagnosis);
  std::vector<Finding>& findings = diagnosis.findings;
  std::ranges::stable_sort(findings, std::greater(), &Finding::confidence);
  // What several tests come to is said once, with the most certain one's words.
  for (std::size_t i = 0; i < findings.size(); ++i)
    for (std::size_t k = findings.size() - 1; k > i; --k) {
      if (findings[k].cause != findings[i].cause) continue;
      findings[i].evidence.push_back(findings[k].sentence);
      findings.erase(findings.begin() + static_cast<std::ptrdiff_t>(k));
    }
  replace_idle_cures(config, findings);
  return diagnosis;
}

}  // namespace ablate
