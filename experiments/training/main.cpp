// ablate-train, the worker: trains one run in a process of its own, and answers what only LibTorch can know.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "experiments/data/dataset.h"
#include "experiments/training/allocator.h"
#include "experiments/training/worker/commands.h"

namespace {

std::atomic<bool> asked_to_stop{false};  // A signal handler can reach nothing else.

void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { asked_to_stop = true; };
  // The second signal of a kind does what it does without us: a step that hangs can still be ended.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // Whoever starts a run blocks them until here (ProcessOptions::signals_wait).
  sigset_t mine;
  sigemptyset(&mine);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&mine, number);
  sigprocmask(SIG_UNBLOCK, &mine, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  ablate::keep_freed_memory();
  ablate::quiet_opencv();
  CLI::App app{"The worker of Ablate: trains one run. Used by ablate; see ablate --help."};
  app.require_subcommand(1);

  std::string run;
  auto* const train = app.add_subcommand("run", "Train the run in DIR, or go on with it");
  train->add_option("DIR", run, "Run folder with run.json")->required();

  std::vector<std::string> configurations;
  auto* const describe = app.add_subcommand("describe", "What configurations make, as JSON: one line for each");
  describe->add_option("JSON", configurations, "Configurations (the one on standard input)");
  auto* const accepted = app.add_subcommand("accepted", "Every choice this program accepts, as JSON");

  std::string out;
  std::vector<std::filesystem::path> pictures;
  auto* const predict = app.add_subcommand("predict", "Predict pictures with a run's network");
  predict->add_option("DIR", run, "Run folder, DIR@STEP or DIR@best")->required();
  ablate::PredictOutput output;
  predict->add_option("--out", output.folder, "Folder for the masks")->required();
  predict->add_flag("--cut-out", output.cut_out, "The pictures with their masks as opacity, too");
  predict->add_flag("--full-size", output.full_size, "All pixels of the pictures, not the size it trained at");
  predict->add_option("--tile", output.tile, "Side of the tiles, in pixels (as memory allows)");
  predict->add_option("--background", output.background, "Before this, too: a picture, blur, or #rrggbb");
  predict->add_option("IMAGE", pictures, "Pictures")->required();

  std::string data = "held-out", device = "cpu";
  auto* const evaluate = app.add_subcommand("evaluate", "Measure a run's network on a set");
  evaluate->add_option("DIR", run, "Run folder, DIR@STEP or DIR@best")->required();
  evaluate->add_option("--data", data, "held-out, training, or a folder");

  int height = 0, width = 0;
  auto* const cost = app.add_subcommand("cost", "Parameters, MACs, latency and memory of a run's network, as JSON");
  cost->add_option("DIR", run, "Run folder, DIR@STEP or DIR@best")->required();
  cost->add_option("--height", height, "Pixels (as it trains)");
  cost->add_option("--width", width, "Pixels (as it trains)");
  cost->add_option("--device", device, "cpu or cuda");

  std::string moved;
  auto* const doctor = app.add_subcommand("doctor", "What is wrong with a run's network, as JSON");
  doctor->add_option("DIR", run, "Run folder, DIR@STEP or DIR@best")->required();
  doctor->add_option("--data", moved, "Where the folder that it trained on is now");

  std::vector<std::string> runs;
  auto* const average = app.add_subcommand("average", "The mean of the weights of several checkpoints");
  average->add_option("DIR", runs, "Run folders, DIR@STEP or DIR@best")->required();
  average->add_option("--out", out, "File to write")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) ? 2 : 0;
  }
  try {
    if (*train) {
      stop_on_signals();
      return ablate::train_run(run, [] { return asked_to_stop.load(); });
    }
    if (*describe) {
      if (configurations.empty())
        configurations.emplace_back(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
      for (const std::string& each : configurations) fmt::print("{}\n", ablate::describe(each));
    } else if (*accepted) {
      fmt::print("{}\n", ablate::accepted());
    } else if (*predict) {
      return ablate::predict(run, output, pictures);
    } else if (*evaluate) {
      return ablate::evaluate(run, data);
    } else if (*cost) {
      return ablate::cost(run, height, width, device);
    } else if (*doctor) {
      return ablate::doctor(run, moved);
    } else if (*average) {
      return ablate::average(runs, out);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "ablate-train: {}\n", error.what());
    return 1;
  }
  return 0;
}
