#include "fixtures.h"

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <random>
#include <sstream>

#include "runs/json_file.h"

namespace ablate {
namespace {

class Discs : public Dataset {
 public:
  Discs(std::size_t count, int height, int width, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto uniform = [&random](double low, double high) {
      return low + (high - low) * static_cast<double>(random() >> 11) * 0x1.0p-53;
    };
    for (std::size_t i = 0; i < count; ++i) {
      Sample sample{"disc" + std::to_string(i), {}};
      Picture image{height, width, 3, {}}, mask{height, width, 1, {}};
      const double y0 = uniform(0.3, 0.7) * height, x0 = uniform(0.3, 0.7) * width, r = uniform(0.2, 0.4) * width;
      const double bright = uniform(120, 220), dark = uniform(20, 90);
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          const bool inside = (y - y0) * (y - y0) + (x - x0) * (x - x0) < r * r;
          mask.pixels.push_back(inside ? 255 : 0);
          for (int c = 0; c < 3; ++c) {
            image.pixels.push_back(static_cast<std::uint8_t>((inside ? bright : dark) + uniform(-20, 20)));
          }
        }
      }
      sample.planes = {{"image", std::move(image)}, {"mask", std::move(mask)}};
      samples_.push_back(std::move(sample));
    }
  }
  std::size_t size() const override { return samples_.size(); }
  const std::string& name(std::size_t index) const override { return samples_[index].name; }
  Sample load(std::size_t index) const override { return samples_[index]; }

 private:
  std::vector<Sample> samples_;
};

}  // namespace

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> number{0};
  path_ = std::filesystem::temp_directory_path() /
          ("ablate-training-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
  std::filesystem::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::shared_ptr<const Dataset> discs(std::size_t count, int height, int width, std::uint64_t seed) {
  return std::make_shared<Discs>(count, height, width, seed);
}

TrainingData disc_data(std::size_t count, std::size_t held_out, int height, int width) {
  TrainingData data;
  data.source.dataset = discs(count, height, width);
  for (std::size_t i = 0; i < count; ++i)
    (i < count - held_out ? data.source.training : data.source.held_out).push_back(i);
  data.order = [](std::size_t n, std::uint64_t seed, std::uint64_t epoch) {
    std::vector<std::size_t> order(n);
    for (std::size_t i = 0; i < n; ++i) order[i] = (i * 7 + seed + epoch * 3) % n;
    return order;
  };
  data.augment = [](Sample& sample, std::uint64_t seed, std::uint64_t epoch, std::uint64_t index) {
    if ((seed + epoch + index) % 2 == 0) return;
    auto& pixels = sample.planes.at("image").pixels;
    for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(pixel / 2 + 60);
  };
  return data;
}

RunConfig small_config(const std::map<std::string, nlohmann::json>& changes) {
  RunConfig config;
  const std::map<std::string, nlohmann::json> small{
      {"data.size", {24, 16}}, {"model.channels", 4},       {"model.depth", 2},      {"train.steps", 12},
      {"train.batch_size", 4}, {"train.device", "cpu"},     {"validation.every", 4}, {"checkpoint.every", 4},
      {"log.norm_every", 4},   {"log.histograms_every", 6}, {"log.previews", 2},     {"log.preview_every", 6}};
  for (const auto& [key, value] : small) config.set(key, value);
  for (const auto& [key, value] : changes) config.set(key, value);
  return config;
}

std::filesystem::path make_run_folder(const std::filesystem::path& root, const std::string& name,
                                      const RunConfig& config) {
  const std::filesystem::path folder = root / name;
  std::filesystem::create_directories(folder);
  write_json_file(folder / "run.json", {{"config", config.to_json()}});
  return folder;
}

RunState train_in(const std::filesystem::path& run, const RunConfig& config, Task& task, const TrainingData& data,
                  Step stop_at) {
  torch::set_num_threads(1);
  StatusKeeper status(run);
  Step steps = 0;
  Trainer trainer(
      config, task, data,
      {run, [](const Picture& picture) { return std::string(picture.pixels.begin(), picture.pixels.end()); },
       [](const std::string&) {}, [&] { return ++steps == stop_at; }, torch::kCPU},
      status);
  const RunState state = trainer.run();
  status.finish(state);
  return state;
}

RunState train_in(const std::filesystem::path& run, const RunConfig& config, const TrainingData& data, Step stop_at) {
  torch::manual_seed(static_cast<std::uint64_t>(config.integer("train.seed")));
  const auto task = make_task(config.text("task"), config);
  return train_in(run, config, *task, data, stop_at);
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

bool identical(const torch::Tensor& a, const torch::Tensor& b) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && torch::equal(a, b);
}

}  // namespace ablate
