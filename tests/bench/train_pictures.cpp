// Trains the run in a folder on the pictures in one file, for machines that have PyTorch and nothing else:
// train_pictures RUN PICTURES.safetensors     image {N, H, W, 3} and mask {N, H, W}, both uint8
#include <fmt/format.h>

#include <cstdio>
#include <cstring>

#include "experiments/data/transforms.h"
#include "experiments/training/allocator.h"
#include "experiments/training/trainer.h"
#include "runs/error.h"
#include "runs/json_file.h"
#include "runs/safetensors.h"

namespace ablate {
namespace {

class PicturesInAFile : public Dataset {
 public:
  explicit PicturesInAFile(const std::string& path)
      : file_(path), image_(file_.tensors().at("image")), mask_(file_.tensors().at("mask")) {
    if (image_.shape.size() != 4 || image_.shape[3] != 3 || image_.bytes.size() != 3 * mask_.bytes.size())
      throw Error(fmt::format("{}: image is {{N, H, W, 3}} and mask {{N, H, W}}, both uint8.", path));
    for (std::int64_t i = 0; i < image_.shape[0]; ++i) names_.push_back(std::to_string(i));
  }

  std::size_t size() const override { return names_.size(); }
  const std::string& name(std::size_t index) const override { return names_.at(index); }
  Sample load(std::size_t index) const override {
    return {names_[index], {{"image", plane(image_, index, 3)}, {"mask", plane(mask_, index, 1)}}};
  }
  std::vector<std::int64_t> side() const { return {image_.shape[1], image_.shape[2]}; }

 private:
  static Picture plane(const TensorView& tensor, std::size_t index, int channels) {
    Picture picture;
    picture.height = static_cast<int>(tensor.shape[1]);
    picture.width = static_cast<int>(tensor.shape[2]);
    picture.channels = channels;
    const std::size_t bytes = tensor.bytes.size() / static_cast<std::size_t>(tensor.shape[0]);
    picture.pixels.resize(bytes);
    std::memcpy(picture.pixels.data(), tensor.bytes.data() + index * bytes, bytes);
    return picture;
  }

  SafetensorsFile file_;
  const TensorView &image_, &mask_;
  std::vector<std::string> names_;
};

int train(const std::filesystem::path& run, const std::string& pictures) {
  RunConfig config = RunConfig::from_json(read_json_file(run / "run.json").value().at("config"));
  const auto dataset = std::make_shared<PicturesInAFile>(pictures);
  config.set("data.size", dataset->side());
  config.set("log.previews", 0);  // There is nothing that could make a PNG of them.
  config.check();
  TrainingData data;
  data.source.dataset = dataset;
  const auto held_out = static_cast<std::size_t>(config.integer("data.held_out"));
  for (std::size_t i = 0; i < dataset->size(); ++i)
    (i + held_out < dataset->size() ? data.source.training : data.source.held_out).push_back(i);
  data.order = shuffled;
  data.augment = [augmentation = Augmentation::from(config)](auto& sample, auto seed, auto epoch, auto index) {
    augment(sample, augmentation, seed, epoch, index);
  };
  torch::manual_seed(static_cast<std::uint64_t>(config.integer("train.seed")));
  const auto task = make_task(config.text("task"), config);
  StatusKeeper status(run);
  const auto say = [](const std::string& line) { fmt::print("{}\n", line); };
  Trainer trainer(config, *task, std::move(data), {run, {}, say, {}, training_device(config)}, status);
  status.finish(trainer.run());
  return 0;
}

}  // namespace
}  // namespace ablate

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  ablate::keep_freed_memory();
  try {
    return ablate::train(argv[1], argv[2]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "train_pictures: {}\n", error.what());
    return 1;
  }
}
