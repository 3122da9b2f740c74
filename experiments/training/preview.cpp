#include "experiments/training/preview.h"

#include <fmt/format.h>

namespace ablate {

Picture picture_of(const torch::Tensor& image) {
  TORCH_CHECK(image.dim() == 3 && (image.size(0) == 1 || image.size(0) == 3), "a preview is {1 or 3, H, W}, not ",
              image.sizes());
  // What is not a number becomes black rather than whatever a cast makes of it.
  const torch::Tensor bytes =
      image.detach().nan_to_num(0, 1, 0).clamp(0, 1).mul(255).round().to(torch::kByte).permute({1, 2, 0}).contiguous();
  Picture picture;
  picture.height = static_cast<int>(bytes.size(0));
  picture.width = static_cast<int>(bytes.size(1));
  picture.channels = static_cast<int>(bytes.size(2));
  const auto* begin = bytes.const_data_ptr<std::uint8_t>();
  picture.pixels.assign(begin, begin + bytes.numel());
  return picture;
}

PreviewWriter::PreviewWriter(std::string prefix, std::shared_ptr<const Dataset> dataset,
                             std::vector<std::size_t> indices, std::size_t batch_size, torch::Device device,
                             EncodePng encode, bool constants_written)
    : prefix_(std::move(prefix)),
      batches_(std::move(dataset), std::move(indices), batch_size, device),
      encode_(std::move(encode)),
      constants_written_(constants_written) {}

void PreviewWriter::write(Task& task, Mode mode, Step step, RunWriter& writer) {
  Measuring measuring(task.networks(), mode);
  std::size_t number = 0;
  for (std::size_t i = 0; i < batches_.count(); ++i) {
    const Batch batch = batches_.at(i);
    measuring.begin_pass();
    const auto samples = task.previews(batch);
    for (std::size_t s = 0; s < samples.size(); ++s, ++number) {
      if (!constants_written_) writer.text(fmt::format("{}/{}/name", prefix_, number), step, batch.names[s]);
      for (const Preview& preview : samples[s]) {
        if (preview.constant && constants_written_) continue;
        const Picture picture = picture_of(preview.image);
        writer.image(fmt::format("{}/{}/{}", prefix_, number, preview.name), step, picture.height, picture.width,
                     picture.channels, encode_(picture));
      }
    }
  }
  constants_written_ = true;
}

}  // namespace ablate
