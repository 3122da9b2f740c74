#include "finished_runs.h"

#include <cmath>

#include "experiments/data/dataset.h"
#include "runs/json_file.h"
#include "runs/run_writer.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

Picture grey(int value) { return {12, 8, 1, std::vector<std::uint8_t>(96, static_cast<std::uint8_t>(value))}; }

/// Of values around 0 with about this spread.
Histogram bell(double spread) {
  std::vector<float> values;
  for (int i = -200; i <= 200; ++i) values.push_back(static_cast<float>(spread * std::tan(i / 200.0)));
  return histogram_of(values);
}

fs::path finished_run(const fs::path& root, const std::string& name, const std::string& norm) {
  RunConfig config;
  config.set("model.norm", norm);
  const fs::path folder = create_run(
      root, name, {{"config", config.to_json()}, {"experiment", "e"}, {"variant", name}, {"task", "segmentation"}});
  RunWriter writer(folder, 0);
  const Picture picture = grey(200);
  for (int step = 0; step <= 100; ++step) {
    writer.scalar("loss/train", step, std::exp(-step / 50.0));
    if (step % 20) continue;
    writer.scalar("iou/val", step, 0.5);
    writer.scalar("iou/val_eval", step, 0.5);
    writer.scalar("iou/val_train_mode", step, 0.8);
    for (const char* layer : {"down1.1", "up1.1"}) {
      const std::vector<float> values = {0.5f, 1.0f};
      const std::vector<std::int64_t> shape = {2};
      if (norm == "batch") {
        writer.scalar(std::string("norm/") + layer + "/gap", step, 0.3);
        for (const char* statistic : {"running_mean", "batch_mean", "running_var", "batch_var"})
          writer.tensor(std::string("norm/") + layer + "/channels/" + statistic, step, shape, values);
      }
    }
    for (const char* layer : {"down1.conv1", "up1.conv1"}) {
      const std::string of_layer = std::string("layers/") + layer + "/";
      writer.scalar(of_layer + "gradient_norm", step, 0.1 * std::exp(-step / 40.0));
      writer.scalar(of_layer + "update_ratio", step, 0.002);
      writer.scalar(of_layer + "input_zeros", step, 0.4);
      for (const char* group : {"weights/", "gradients/"})
        writer.histogram(std::string(group) + layer + ".weight", step, bell(0.2 + step / 200.0));
    }
    for (const char* output : {"input", "target"})
      writer.image(std::string("preview/0/") + output, step, 12, 8, 1, encode_png(picture));
    writer.image("preview/0/prediction", step, 12, 8, 1, encode_png(grey(predicted_at(step))));
  }
  writer.flush();
  fs::create_directories(folder / "evaluations");
  write_json_file(folder / "evaluations/held-out@100.json",
                  {{"samples", 8},
                   {"metrics", {{"iou", 0.5}, {"holes", 1}}},
                   {"strata", {{"scene wall", {{"samples", 3}, {"iou", 0.25}}}}}});
  RunStatus status;
  status.state = RunState::completed;
  status.step = status.total_steps = 100;
  status.metrics = {{"iou/val", 0.5}, {"iou/val_eval", 0.5}, {"iou/val_train_mode", 0.8}};
  status.best_metric = "iou/val";
  status.training_seconds = 3;
  write_status(folder, status);
  return folder;
}

}  // namespace

FinishedRunsTest::FinishedRunsTest() {
  const fs::path ill = finished_run(root(), "one-batch", "batch");
  write_findings(ill, {{"shared-norm",
                        "down1.1",
                        0.95,
                        "A norm module is used twice.",
                        {"eval .5"},
                        "model.norm = instance",
                        {{"up1.1", 0.2}, {"down1.1", -0.01}}}});
  finished_run(root(), "two-instance", "instance");
  WindowOptions options;
  options.root = root();
  options.settings = folder_.path() / "settings";
  options.width = 1400;
  options.height = 900;
  driver_ = std::make_unique<Driver>(options);
  driver_->run([&](ImGuiTestContext& context) {
    driver_->wait_until(
        context, [&] { return driver_->contents().settled() && workspace().shown.size() == 2; }, 20, "all is read");
  });
}

}  // namespace ablate
